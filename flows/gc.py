"""Flow ``gc``: removes what no kept night and no champion needs, where nobody sits at a shell."""

from prefect import flow
from prefect.artifacts import create_table_artifact

from flows.garbage import KEEP, collect
from flows.page_making import size
from flows.run_page import run_name, show_progress
from flows.stages import stage
from flows.workspace import Workspace


@stage("removal of what no one needs")
def removed(keep: int, dry_run: bool) -> None:
    """What goes and what stays, with the reason, on the flow run's page."""
    found = collect(Workspace.open(), keep=keep, dry_run=dry_run)
    gone = [one for one in found if one.goes]
    verb = "would go (dry_run)" if dry_run else "gone"
    create_table_artifact(
        [
            {
                "fate": "goes" if one.goes else "stays",
                "what": one.place,
                "size": size(one.size),
                "why": one.why,
            }
            for one in found
        ],
        key="gc",
        description=f"{verb}: {len(gone)} of {len(found)}, {size(sum(one.size for one in gone))}",
    )


@flow(flow_run_name=run_name, on_running=[show_progress])
def gc(keep: int = KEEP, dry_run: bool = False) -> None:
    """Remove products that neither the last nights nor any champion need.

    It waits until the flows at work in the workspace have ended.

    Args:
        keep: Nights per profile whose products are kept; champions always are.
        dry_run: Only list what would go.
    """
    removed(keep, dry_run)
