"""The command ``generalist deploy``."""

import argparse


def deploy(options: argparse.Namespace) -> int:
    """Pools, deployments and automations on the server of PREFECT_API_URL."""
    from flows import deploying

    for line in deploying.deploy():
        print(line)
    return 0
