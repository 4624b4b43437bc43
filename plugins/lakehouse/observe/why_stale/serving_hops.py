"""The hops from gold to a reader: Dremio's reflections and Superset's cache."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from lakehouse.dremio.reflection_progress import parse_time
from lakehouse.night.plan import stage
from lakehouse.observe.facts.lineage import GOLD
from lakehouse.observe.facts.nights import RunState
from lakehouse.observe.why_stale.evidence import Evidence
from lakehouse.observe.why_stale.hops import Hop, HopState, clock, listed
from lakehouse.observe.why_stale.services import ReflectionSeen, Serving, UnseenError
from lakehouse.observe.why_stale.stages import Scheduling, account_of

REFRESH: Final = stage("refresh_reflections").name
WARM: Final = stage("warm_dashboards").name


class ServingHops:
    """Judges what readers are served from, for the gold tables that they read."""

    def __init__(
        self,
        evidence: Evidence,
        tables: Sequence[str],
        serving: Serving,
        scheduling: Scheduling,
        now: datetime,
    ) -> None:
        self._evidence = evidence
        self._tables = tuple(tables)
        self._serving = serving
        self._scheduling = scheduling
        self._now = now

    def reflections(self) -> Hop:
        """Have the tables' reflections read what was published last?"""
        account = account_of(self._evidence, REFRESH, self._scheduling, self._now)
        try:
            seen = self._serving.reflections(self._tables)
        except UnseenError as error:
            return self._unseen("reflections", REFRESH, self._changed_at(self._tables), str(error))
        old = [each for each in seen if not self._is_refreshed(each)]
        evidence = [
            f"{each.title}: {each.word}, data of {clock(each.fetched_at)}; "
            f"{each.table} changed {clock(self._changed_at([each.table]))}"
            for each in seen
        ]
        passed_at = min((each.fetched_at for each in seen if each.fetched_at), default=None)
        failed_or_running = account.has_run and account.state is not HopState.FRESH
        if failed_or_running or (old and not account.has_run):
            told = (*account.evidence, *evidence)
            return Hop("reflections", account.state, account.summary, told, account.command, passed_at)
        if old:
            summary = f"{listed([each.title for each in old])}: older than the table, or not usable"
            command = f"bin/stage run {REFRESH} {self._evidence.business_date}"
            return Hop("reflections", HopState.STALE, summary, tuple(evidence), command, passed_at)
        if not seen:
            summary = "no reflection is defined on what is read"
        else:
            summary = f"{len(seen)} reflections hold what was published last"
        return Hop("reflections", HopState.FRESH, summary, tuple(evidence), passed_at=passed_at)

    def cache(self, slug: str) -> Hop:
        """Does every chart of the dashboard come from the cache, computed after the last refresh?"""
        account = account_of(self._evidence, WARM, self._scheduling, self._now)
        since = self._servable_since()
        try:
            charts = self._serving.charts(slug)
        except UnseenError as error:
            return self._unseen("cache", WARM, since, str(error))
        broken = [f"chart {each.chart!r} cannot be drawn: {each.error}" for each in charts if each.error]
        cold = [each.chart for each in charts if each.cached_at is None and not each.error]
        # Superset's times have whole seconds.
        floor = since.replace(microsecond=0) if since else None
        old = [each for each in charts if floor and each.cached_at and each.cached_at < floor]
        evidence = [
            *broken,
            *(f"chart {name!r} was not in the cache; asking for it has put it there" for name in cold),
            *(f"chart {each.chart!r} is cached since {clock(each.cached_at)}" for each in old),
        ]
        cached = [each.cached_at for each in charts if each.cached_at]
        if cached:
            evidence.append(f"oldest answer {clock(min(cached))}; data to be read since {clock(since)}")
        passed_at = min(cached, default=None)
        if account.has_run and account.state is not HopState.FRESH:
            told = (*account.evidence, *evidence)
            return Hop("cache", account.state, account.summary, told, account.command, passed_at)
        if broken or old or cold or not charts:
            faults = [
                f"{len(part)} of {len(charts)} charts {words}"
                for part, words in ((broken, "are broken"), (old, "are older"), (cold, "were not cached"))
                if part
            ]
            summary = ", ".join(faults) or "the dashboard has no charts"
            command = f"bin/stage run {WARM} {self._evidence.business_date}"
            if not account.has_run:
                evidence = [account.summary, *account.evidence, *evidence]
                command = account.command or command
            return Hop("cache", HopState.STALE, summary, tuple(evidence), command, passed_at)
        summary = f"{len(charts)} of {len(charts)} charts come from the cache"
        return Hop("cache", HopState.FRESH, summary, tuple(evidence), passed_at=passed_at)

    def _unseen(self, name: str, stage_name: str, since: datetime | None, words: str) -> Hop:
        """What the receipt says, where the service itself does not answer."""
        account = account_of(self._evidence, stage_name, self._scheduling, self._now)
        run = self._evidence.runs.get(stage_name)
        if run is not None and account.state is HopState.FRESH and (since is None or run.started_at >= since):
            summary = f"{words}. By the receipt, {account.summary}"
            return Hop(name, HopState.UNSEEN, summary, account.evidence, passed_at=run.ended_at)
        if run is not None and account.state is HopState.FRESH:
            summary = f"{stage_name} ran before gold changed ({clock(since)})"
            command = f"bin/stage run {stage_name} {self._evidence.business_date}"
            return Hop(name, HopState.STALE, summary, (words, *account.evidence), command)
        return Hop(name, account.state, account.summary, (words, *account.evidence), account.command)

    def _is_refreshed(self, seen: ReflectionSeen) -> bool:
        changed = self._changed_at([seen.table])
        if not seen.is_available:
            return False
        if changed is None:
            return True
        if seen.fetched_at is None:
            return False
        run = self._evidence.runs.get(REFRESH)
        if run and run.state is RunState.SUCCESS and run.started_at >= changed:
            # Dremio's clock may differ from the one that the change was dated by: it is compared with itself.
            reported = self._reported_fetches().get(seen.title)
            if reported is not None:
                return seen.fetched_at >= reported
        return seen.fetched_at >= changed

    def _reported_fetches(self) -> Mapping[str, datetime]:
        return {
            each["title"]: parse_time(each["last_data_fetch"])
            for detail in self._evidence.task_reports(REFRESH)
            for each in detail.get("reflections") or []
        }

    def _changed_at(self, tables: Sequence[str]) -> datetime | None:
        return self._evidence.changed_at(table.removeprefix(f"{GOLD}.") for table in tables)

    def _servable_since(self) -> datetime | None:
        """From when on an answer shows what was published last: the end of the refresh that followed it."""
        changed = self._changed_at(self._tables)
        run = self._evidence.runs.get(REFRESH)
        if (
            run
            and run.state is RunState.SUCCESS
            and run.ended_at
            and (not changed or run.started_at >= changed)
        ):
            return run.ended_at
        return changed
