"""checkov and kube-score over what is installed and what the operator makes; what they find has a written reason, or fails."""
