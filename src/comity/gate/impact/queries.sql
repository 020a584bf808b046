-- The statements of an impact that do not depend on the agreements.

-- name: settings
-- For this transaction alone: the agencies whose records the gate may see, and room to add up in. Everybody is asked for,
-- so each join is of all with all, whatever a planner that knows nothing of parts of a statement expects of them.
select set_config('comity.providers', %(providers)s, true), set_config('work_mem', %(room)s, true), set_config('jit', 'off', true),
       set_config('enable_nestloop', 'off', true), set_config('enable_mergejoin', 'off', true)

-- name: shown_before
-- The versions by which rows were shown to these recipients, with their texts.
select asked.agency, kept.canonical
from (
    select distinct it.agency, it.agreement, it.version from gate.disclosure as it
    where it.kind = 'disclosure' and it.agency = any(%(recipients)s)
) as asked
join agreements.agreement as kept on kept.name = asked.agreement and kept.version = asked.version

-- name: keep
-- What was told, with its entry in the ledger.
with kept as (
    insert into agreements.impact (id, name, version, agency, by, taken_at, digest, document, salt)
    values (%(id)s, %(name)s, %(version)s, %(agency)s, %(by)s, %(at)s, %(digest)s, %(document)s, %(salt)s)
)
insert into ledger.outbox (id, body) values (%(id)s, %(body)s)
