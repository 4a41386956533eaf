"""A certificate authority for one cluster, made with the `openssl` program.

Certificates are valid from a day before they were made: a fault test may run a client whose clock is late.
"""

from __future__ import annotations

import datetime as dt
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from e2e.cluster.errors import ClusterError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_DAYS = 365

# OpenSSL's `req` could sign by itself, but only `ca` lets this version choose the first day of validity.
_CONFIG = """
[ca]
default_ca = authority
[authority]
database = {folder}/index.txt
new_certs_dir = {folder}/issued
rand_serial = yes
unique_subject = no
default_md = sha256
policy = anything
copy_extensions = copy
x509_extensions = identifiers
[identifiers]
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[anything]
organizationName = optional
commonName = supplied
[req]
distinguished_name = subject
prompt = no
[subject]
"""


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its key, PEM files."""

    certificate: Path
    key: Path

    @property
    def exists(self) -> bool:
        """Whether both files are there."""
        return self.certificate.exists() and self.key.exists()


class Authority:
    """The cluster's certificate authority in one folder. Every method makes what is missing and keeps what is there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.ca = self._pair("ca")

    def create(self) -> None:
        """Make the authority itself."""
        (self._folder / "issued").mkdir(parents=True, exist_ok=True)
        self._folder.chmod(0o700)
        (self._folder / "openssl.cnf").write_text(_CONFIG.format(folder=self._folder))
        (self._folder / "index.txt").touch()
        usage = ("basicConstraints=critical,CA:true", "keyUsage=critical,keyCertSign,cRLSign")
        self._issue("ca", common_name="taskdist-local", organization="", usage=usage)

    def client(self, name: str, *, common_name: str, organization: str = "") -> Pair:
        """A client certificate: the common name is the user, the organization the group."""
        return self._issue(
            name, common_name=common_name, organization=organization, usage=("extendedKeyUsage=clientAuth",)
        )

    def server(self, name: str, *, names: Sequence[str] = (), addresses: Sequence[str] = ()) -> Pair:
        """A server certificate for the given DNS names and IP addresses."""
        hosts = ",".join([*(f"DNS:{host}" for host in names), *(f"IP:{address}" for address in addresses)])
        usage = ("extendedKeyUsage=serverAuth", f"subjectAltName={hosts}")
        return self._issue(name, common_name=name, organization="", usage=usage)

    def signing_key(self, name: str) -> Path:
        """A bare key; the API server signs service account tokens with it."""
        pair = self._pair(name)
        if not pair.key.exists():
            # SEC 1 form: Kubernetes reads no PKCS #8 key of an elliptic curve as a public key.
            self._openssl("ecparam", "-genkey", "-noout", "-name", "prime256v1", "-out", str(pair.key))
        return pair.key

    def _pair(self, name: str) -> Pair:
        return Pair(self._folder / f"{name}.crt", self._folder / f"{name}.key")

    def _issue(self, name: str, *, common_name: str, organization: str, usage: Sequence[str]) -> Pair:
        pair = self._pair(name)
        if pair.exists:
            return pair
        config = str(self._folder / "openssl.cnf")
        request = str(self._folder / f"{name}.csr")
        draft = self._folder / f"{name}.draft"
        subject = (f"/O={organization}" if organization else "") + f"/CN={common_name}"
        extensions = [argument for extension in usage for argument in ("-addext", extension)]
        self.signing_key(name)
        self._openssl(
            "req", "-new", "-config", config, "-key", str(pair.key), "-subj", subject, *extensions, "-out", request
        )
        today = dt.datetime.now(dt.UTC)
        first, last = (f"{today + dt.timedelta(days=days):%Y%m%d%H%M%SZ}" for days in (-1, _DAYS))
        signer = ("-selfsign",) if name == "ca" else ("-cert", str(self.ca.certificate))
        self._openssl(
            "ca", "-batch", "-notext", "-config", config, *signer, "-keyfile", str(self.ca.key),
            "-startdate", first, "-enddate", last, "-in", request, "-out", str(draft),
        )  # fmt: skip
        draft.replace(pair.certificate)
        return pair

    @staticmethod
    def _openssl(*arguments: str) -> None:
        program = shutil.which("openssl")
        if program is None:
            raise ClusterError("certificates need the `openssl` program: install the package `openssl`")
        result = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
        if result.returncode:
            raise ClusterError(f"openssl {arguments[0]} failed: {result.stderr.strip()}")
