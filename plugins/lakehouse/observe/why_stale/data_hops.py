"""The hops from the source to gold, judged by what PostgreSQL knows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime

from lakehouse.bronze.unloaded_claims import UnloadedClaim, tell
from lakehouse.observe.facts.lineage import GOLD, Lineage, Model, StreamOrigin, Upstream, stage_of_layer
from lakehouse.observe.facts.nights import RunState
from lakehouse.observe.why_stale.evidence import Evidence, StreamOfDate
from lakehouse.observe.why_stale.hops import Hop, HopState, clock, listed
from lakehouse.observe.why_stale.stages import (
    Scheduling,
    StageAccount,
    account_of,
    first_held_back,
    roots,
)


class DataHops:
    """Judges the hops of one date for the gold tables that somebody reads."""

    def __init__(
        self,
        evidence: Evidence,
        upstreams: Sequence[Upstream],
        lineage: Lineage,
        scheduling: Scheduling,
        now: datetime,
    ) -> None:
        self._evidence = evidence
        self._lineage = lineage
        self._scheduling = scheduling
        self._now = now
        self._models = {model.name: model for each in upstreams for model in each.models}
        origins = {stream.stream: stream for each in upstreams for stream in each.streams}
        self._origins: dict[str, StreamOrigin] = dict(sorted(origins.items()))

    def judge(self) -> Iterator[Hop]:
        """The hops, from the sources on."""
        yield self._sync()
        yield self._landing()
        yield self._bronze()
        for layer in ("staging", "intermediate", "marts"):
            yield self._layer(layer)
        yield self._tests()
        yield self._publication()

    def _account(self, stage_name: str) -> StageAccount:
        return account_of(self._evidence, stage_name, self._scheduling, self._now)

    def _streams(self) -> Iterator[tuple[StreamOrigin, StreamOfDate]]:
        for name, origin in self._origins.items():
            if name in self._evidence.streams:
                yield origin, self._evidence.streams[name]

    def _sync(self) -> Hop:
        day = self._evidence.business_date
        accounts = {name: self._account(name) for name in roots()}
        synced = [stream.synced_at for _, stream in self._streams()]
        all_synced = all(synced)
        if all_synced:
            # The landing is complete, so a stage without a run in the receipts has done its work.
            accounts = {name: each for name, each in accounts.items() if each.has_run}
        worst = first_held_back(accounts)
        evidence = [f"{o.source}: synced {clock(s.synced_at)} by {o.connection}" for o, s in self._streams()]
        evidence = list(dict.fromkeys(evidence))
        passed_at = max((moment for moment in synced if moment), default=None)
        if worst is not None and not any(each.has_run for each in accounts.values()):
            starts = {name: each for name, each in accounts.items() if each.command}
            command = " && ".join(str(each.command) for each in starts.values())
            told = [line for each in starts.values() for line in each.evidence]
            summary = f"the night of {day} never started"
            return Hop("sync", HopState.STALE, summary, (*dict.fromkeys(told), *evidence), command)
        if worst is not None:
            return _held("sync", worst, evidence, passed_at)
        if not all_synced:
            missing = {o.connection: o.stage for o, s in self._streams() if s.synced_at is None}
            stages = list(dict.fromkeys(missing.values()))
            command = " && ".join(f"bin/stage run {name} {day} --force-sync" for name in stages)
            summary = f"{day} holds nothing of {listed(list(missing))}: given back, or never claimed"
            return Hop("sync", HopState.STALE, summary, tuple(evidence), command)
        return Hop(
            "sync", HopState.FRESH, f"every source was synced for {day}", tuple(evidence), passed_at=passed_at
        )

    def _landing(self) -> Hop:
        streams = list(self._streams())
        evidence = tuple(
            f"{o.source}.{o.stream}: {s.rows_claimed:,} rows, claimed {clock(s.claimed_at)}"
            if s.rows_claimed
            else f"{o.source}.{o.stream}: no rows that day"
            for o, s in streams
        )
        unsynced = [o.stream for o, s in streams if s.synced_at is None]
        if unsynced:
            return Hop("landing", HopState.STALE, f"nothing has landed of {listed(unsynced)}", evidence)
        rows = sum(s.rows_claimed for _, s in streams)
        summary = f"{rows:,} rows landed" if rows else "the sources had no rows that day, which is not stale"
        landed = [moment for _, s in streams if (moment := s.claimed_at or s.synced_at)]
        passed_at = max(landed, default=None)
        return Hop("landing", HopState.FRESH, summary, evidence, passed_at=passed_at)

    def _bronze(self) -> Hop:
        day = self._evidence.business_date
        account = self._account("load_bronze")
        faults = [fault for o, s in self._streams() if (fault := _load_fault(o, s))]
        evidence = [
            f"{o.table}: {s.rows_loaded:,} of {s.rows_read:,} rows loaded {clock(s.loaded_at)}"
            + (f", {s.rows_quarantined:,} quarantined" if s.rows_quarantined else "")
            for o, s in self._streams()
        ]
        passed_at = max((s.loaded_at for _, s in self._streams() if s.loaded_at), default=None)
        if account.has_run and account.state is not HopState.FRESH:
            return _held("bronze load", account, [*faults, *evidence], passed_at)
        if faults and not account.has_run:
            return _held("bronze load", account, [*faults, *evidence], passed_at)
        if faults:
            rejected = any(s.load_state == "rejected" or _is_quarantined(s) for _, s in self._streams())
            command = f"bin/stage run load_bronze {day}"
            if rejected:
                faults.append(
                    "docs/runbooks/quarantine.md says how to look at the rows and what to change first"
                )
            return Hop("bronze load", HopState.STALE, faults[0], (*faults[1:], *evidence), command, passed_at)
        if others := self._claims_of_older_dates():
            oldest = others[0].business_date
            command = self._command_for_claims_of(oldest)
            summary = f"rows that {oldest} has claimed are not in bronze"
            return Hop("bronze load", HopState.STALE, summary, (*tell(others), *evidence), command, passed_at)
        rows = sum(s.rows_loaded for _, s in self._streams())
        summary = f"{rows:,} rows are in bronze"
        return Hop("bronze load", HopState.FRESH, summary, tuple(evidence), passed_at=passed_at)

    def _command_for_claims_of(self, other: date) -> str:
        """Load the other date's rows, or take them from it if its night was never meant."""
        runs = self._evidence.other_runs.get(other, {})
        load = runs.get("load_bronze")
        if load is not None and load.state is RunState.FAILED:
            return f"bin/stage clear load_bronze {other}"
        if load is not None or all(name in runs for name in roots()):
            return f"bin/stage run load_bronze {other}"
        day = self._evidence.business_date
        return f"bin/bronze give-back {other} --to {day} && bin/stage run load_bronze {day}"

    def _claims_of_older_dates(self) -> list[UnloadedClaim]:
        mine = {(each.source, each.stream) for each in self._origins.values() if not each.reads_all}
        return [
            claim
            for claim in self._evidence.claims
            if (claim.source, claim.stream) in mine and claim.business_date < self._evidence.business_date
        ]

    def _layer(self, layer: str) -> Hop:
        models = [model for model in self._models.values() if model.layer == layer]
        return self._built(layer, layer, sorted(models, key=lambda each: each.name))

    def _tests(self) -> Hop:
        stage_name = stage_of_layer(GOLD)
        account = self._account(stage_name)
        failed = [each["task"] for each in self._evidence.failed_tasks(stage_name)]
        published = [model for model in self._gold() if self._evidence.built(model.name)]
        tests = [report["tests"] for report in self._evidence.task_reports(stage_name) if "tests" in report]
        evidence = [f"{each['passed']} of {each['run']} tests passed" for each in tests if each["run"]]
        if not account.has_run and len(published) == len(self._gold()) > 0:
            return Hop("tests", HopState.FRESH, "the tests passed: gold was published", tuple(evidence))
        running_first = account.state is HopState.RUNNING and not evidence
        if (failed and not any(map(self._is_publication, failed))) or running_first or not account.has_run:
            return _held("tests", account, evidence, None)
        return Hop("tests", HopState.FRESH, "the marts' tests passed", tuple(evidence))

    def _publication(self) -> Hop:
        return self._built("gold publication", GOLD, self._gold())

    def _gold(self) -> list[Model]:
        return [model for model in self._models.values() if model.layer == GOLD]

    def _is_publication(self, task: str) -> bool:
        return any(task.endswith(f"_{table.split('.')[1]}") for table in self._lineage.gold_tables())

    def _built(self, name: str, layer: str, models: Sequence[Model]) -> Hop:
        """A hop that is done once its models are built for the date, later than all they are built from."""
        day = self._evidence.business_date
        stage_name = stage_of_layer(layer)
        account = self._account(stage_name)
        builds = {model.table: self._evidence.built(model.name) for model in models}
        missing = [table for table, build in builds.items() if build is None]
        old = [line for model in models if (line := self._older_than_input(model))]
        evidence = [
            f"{table}: built {clock(build.built_at)}"
            + ("" if build.rows is None else f", {build.rows:,} rows changed")
            if build
            else f"{table}: not built for {day}"
            for table, build in builds.items()
        ]
        passed_at = max((build.built_at for build in builds.values() if build), default=None)
        if account.has_run and account.state is not HopState.FRESH:
            lacking = [f"{table} is not built" for table in missing]
            return _held(name, account, [*lacking, *old, *evidence], passed_at)
        if missing:
            summary = f"{listed(missing)} {'are' if len(missing) > 1 else 'is'} not built for {day}"
            held = _held(name, account, evidence, passed_at)
            command = held.command or f"bin/stage run {stage_name} {day}"
            told = held.evidence if account.has_run else (account.summary, *held.evidence)
            return Hop(name, HopState.STALE, summary, told, command, passed_at)
        if old:
            command = f"bin/stage run {stage_name} {day}"
            return Hop(name, HopState.STALE, old[0], (*old[1:], *evidence), command, passed_at)
        done = f"{len(models)} {'tables are' if len(models) > 1 else 'table is'} built for {day}"
        return Hop(name, HopState.FRESH, done, tuple(evidence), passed_at=passed_at)

    def _older_than_input(self, model: Model) -> str | None:
        build = self._evidence.built(model.name)
        if build is None:
            return None
        for parent in self._lineage.parents(model.name):
            stream = self._evidence.streams.get(parent.removeprefix("raw_"))
            above = self._evidence.built(parent)
            changed = above.built_at if above else stream.loaded_at if stream else None
            if changed is not None and changed > build.built_at:
                return f"{model.table} was built {clock(build.built_at)}, before {parent} ({clock(changed)})"
        return None


def _held(name: str, account: StageAccount, evidence: Iterable[str], passed_at: datetime | None) -> Hop:
    state = account.state if account.state is not HopState.FRESH else HopState.STALE
    return Hop(name, state, account.summary, (*account.evidence, *evidence), account.command, passed_at)


def _is_quarantined(stream: StreamOfDate) -> bool:
    return 0 < stream.rows_read == stream.rows_quarantined


def _load_fault(origin: StreamOrigin, stream: StreamOfDate) -> str | None:
    """What keeps the stream's rows of the date out of bronze."""
    if stream.load_state is None:
        return f"{origin.table}: {stream.rows_claimed:,} rows are claimed and no load has run"
    if stream.load_state == "rejected":
        bad = f"{stream.rows_quarantined:,} of {stream.rows_read:,} rows"
        return f"{origin.table}: the contract refused the partition ({bad} are bad)"
    if stream.rows_claimed > stream.rows_read:
        short = stream.rows_claimed - stream.rows_read
        return f"{origin.table}: {short:,} claimed rows are not loaded"
    if _is_quarantined(stream):
        return f"{origin.table}: all {stream.rows_read:,} rows were quarantined"
    if not stream.is_listed:
        return f"{origin.table}: Dremio has not listed the partition since it was loaded"
    return None
