"""Every word that Calcite reserves, wherever a name can stand."""

import pytest
from tests.grammar.calcite import Calcite
from tests.support.gate import is_admitted

from dremio_engine.sql.refusals.reserved_words import RESERVED_WORDS

# Reserved in Calcite 1.21, a name in Dremio (dremio-oss, dac/ui-common/sql-grammar, nonReservedKeyWord).
FREE_IN_DREMIO = {"MEASURES"}
# Functions of Dremio that Calcite 1.21 does not have (docs.dremio.com, SQL functions).
CALLED_IN_DREMIO = {"CONTAINS", "PERCENTILE_CONT", "PERCENTILE_DISC"}
PLACES = [
    *("select 1 as {w}", "select 1 {w}", "select {w} from t", "select {w}, a from t", "select t.{w} from t"),
    *("select a from t as {w}", "select a from t {w}", "select a from {w}", "select a from s.{w}"),
    *("select a from {w}.t", "select a from t order by {w}", "select a from t group by {w}"),
    *("select a from t where {w} = 1", "select {w}(a) from t", "select {w}() from t"),
    *("with {w} as (select 1 as a) select a from t", "with x({w}) as (select 1) select 1 from x"),
    *("select a from t as x({w})", "select a from t join u using ({w})", "select sum(a) over {w} from t"),
    *("insert into t ({w}) values (1)", "insert into {w} values (1)", "update t set {w} = 1"),
    *("delete from {w}", "delete from t as {w}", "select cast(a as {w}) from t"),
    "merge into t as {w} using u on (1 = 1) when not matched then insert (a) values (1)",
    "merge into t as x using u on (1 = 1) when not matched then insert ({w}) values (1)",
]


@pytest.mark.parametrize("place", PLACES)
def test_a_word_that_calcite_refuses_in_a_place_is_refused_there(calcite: Calcite, place: str) -> None:
    words = sorted(calcite.reserved - FREE_IN_DREMIO)
    assert len(words) > 350
    if "{w}(" in place:
        words = sorted(set(words) - CALLED_IN_DREMIO)
    refusals = calcite.refusals([place.format(w=word) for word in words])
    refused = [word for word, refusal in zip(words, refusals, strict=True) if refusal]
    assert len(refused) > 200
    assert [word for word in refused if is_admitted(place.format(w=word))] == []


def test_every_word_that_calcite_reserves_is_reserved_here(calcite: Calcite) -> None:
    assert calcite.reserved - RESERVED_WORDS == FREE_IN_DREMIO | {"END-EXEC"}
