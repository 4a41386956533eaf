# The operator, the CLI and the reference agent in one image; runs as any user, with a read-only root.
#
# BASE_IMAGE needs Python 3.11 or newer as `python3`. BUILD_IMAGE is the same system where that lacks pip.
ARG BASE_IMAGE=docker.io/library/python:3.13-slim
ARG BUILD_IMAGE=${BASE_IMAGE}

# What the product is built on: changes with the locks only.
FROM ${BUILD_IMAGE} AS dependencies
WORKDIR /src
# pip and the build backend live in an environment of their own, which stays behind.
RUN python3 -m venv /build && python3 -m venv --without-pip /opt/taskdist
COPY requirements/operator.txt requirements/dev.txt requirements/
# Tests are not run in a pod. The generated half of the Kubernetes client is never imported: it needs no bytecode.
RUN /build/bin/pip --python /opt/taskdist/bin/python install --no-cache-dir --no-compile --require-hashes \
      -r requirements/operator.txt \
 && find /opt/taskdist/lib -depth -type d -name tests -exec rm -rf {} + \
 && /opt/taskdist/bin/python -m compileall -q -j 0 -x "/kubernetes/(aio/)?client/(api|models)/" /opt/taskdist/lib
# The build backend with all it needs, pinned as the development environment has it.
RUN awk '/^[a-z]/ {keep = /^(hatchling|packaging|pathspec|pluggy|tomlkit|trove-classifiers)==/} keep' requirements/dev.txt \
      > build.txt \
 && /build/bin/pip install --no-cache-dir --require-hashes -r build.txt

# The product itself, as it lies over its dependencies.
FROM dependencies AS product
COPY . .
RUN /build/bin/pip wheel --no-cache-dir --no-build-isolation --no-deps --wheel-dir /dist . \
 && touch /before \
 && /build/bin/pip --python /opt/taskdist/bin/python install --no-cache-dir --no-index --no-deps /dist/*.whl \
 && mkdir /product && cd /opt/taskdist \
 && find . -newer /before ! -type d -print0 | tar --create --null --files-from=- | tar --extract --directory=/product

FROM ${BASE_IMAGE}
LABEL org.opencontainers.image.title="taskdist" \
      org.opencontainers.image.description="Task Distribution Operator, its CLI and its reference agent" \
      org.opencontainers.image.licenses="Apache-2.0"
# An official Python image brings pip along; nothing installs packages in a running pod. Neither it nor Debian's brings the
# library's bytecode, and with a read-only root every pod would compile what it imports anew (0.2 s of CPU for an agent).
RUN python3 -c 'import sysconfig; print(*(sysconfig.get_path(p) for p in ("purelib", "stdlib", "scripts")))' \
  | while read -r packages library scripts; do \
      rm -rf "$packages"/pip "$packages"/pip-* "$packages"/setuptools* "$packages"/wheel* "$library"/ensurepip "$scripts"/pip*; \
      python3 -m compileall -q -x '/(tests?|idlelib|lib2to3)/' "$library"; \
    done \
 && echo 'taskdist:x:65532:65532:taskdist:/tmp:/usr/sbin/nologin' >> /etc/passwd \
 && echo 'taskdist:x:65532:' >> /etc/group
COPY --from=dependencies /opt/taskdist /opt/taskdist
COPY --from=product /product /opt/taskdist
ENV PATH=/opt/taskdist/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp
WORKDIR /
USER 65532:65532
ENTRYPOINT ["taskdist"]
