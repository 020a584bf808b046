-- name: append
-- Copies entries into the outbox (binary: id, body).
copy ledger.outbox (id, body) from stdin (format binary);

-- name: try_lead
-- Becomes the one sequencer for this step, if no other is at work. The number is arbitrary and ours alone.
select pg_try_advisory_lock(%(lock)s);

-- name: stop_leading
-- Lets another sequencer lead.
select pg_advisory_unlock(%(lock)s);

-- name: take
-- Takes the oldest rows out of the outbox, in the order in which they asked.
with taken as (
    delete from ledger.outbox where ctid = any(array(
        select ctid from ledger.outbox order by queued_at, ctid limit %(limit)s
    )) returning queued_at, ctid as place, id, body
)
select id, body from taken order by queued_at, place;

-- name: taken_ids
-- Which of these ids are in the ledger already.
select id from ledger.entry where id = any(%(ids)s);

-- name: put_entries
-- Adds entries at the end (binary: number, id, body, leaf hash).
copy ledger.entry (number, id, body, leaf_hash) from stdin (format binary);

-- name: put_tiles
-- Adds tiles that have become full (binary: level, index, hashes, root).
copy ledger.tile (level, index, hashes, root) from stdin (format binary);

-- name: put_checkpoint
-- Adds a signed head.
insert into ledger.checkpoint (size, root, note, signed_at) values (%(size)s, %(root)s, %(note)s, %(signed_at)s);

-- name: put_refused
-- Keeps aside a row that cannot be an entry.
insert into ledger.refused (id, body, reason) values (%(id)s, %(body)s, %(reason)s);

-- name: head
-- The newest signed head.
select note, signed_at from ledger.checkpoint order by size desc limit 1;

-- name: leaf_hashes
-- The leaf hashes of a run of entries, in order.
select leaf_hash from ledger.entry where number >= %(begin)s and number < %(end)s order by number;

-- name: tile_roots
-- The roots of a run of full tiles of one level, in order.
select root from ledger.tile where level = %(level)s and index >= %(begin)s and index < %(end)s order by index;

-- name: tile
-- One full tile.
select hashes from ledger.tile where level = %(level)s and index = %(index)s;

-- name: entry_by_id
-- One entry, and in which ledger of this node's it stands: the one in use first.
select number, body, ledger from ledger.every_entry where id = %(id)s order by ledger desc nulls first limit 1;

-- name: latest_entries
-- The newest entries below a number, newest first.
select number, body from ledger.entry where number < %(before)s order by number desc limit %(limit)s;

-- name: bodies
-- A run of entries, in order.
select body from ledger.entry where number >= %(begin)s and number < %(end)s order by number;

-- name: full_tiles
-- A run of full tiles of one level, in order.
select hashes from ledger.tile where level = %(level)s and index >= %(begin)s and index < %(end)s order by index;

-- name: waiting
-- Counts the entries that wait in the outbox.
select count(*) from ledger.outbox;

-- name: refused
-- Counts what was queued and could not become an entry.
select count(*) from ledger.refused;

-- name: entries_of
-- Every entry of these kinds, of earlier ledgers first and those that wait for their number last, in their order; of one key of
-- the context, if one is given. The kind is what an entry's bytes end in, and no value can hold an unescaped quotation mark.
select kept.body from (
    select ledger, number as place, null::timestamptz as queued_at, body from ledger.every_entry
    union all
    select null, null, queued_at, body from ledger.outbox
) as kept
cross join lateral (select convert_from(kept.body, 'UTF8') as said) as it
where substring(it.said from '"kind":"([a-z0-9-]+)","v":1}$') = any(%(kinds)s)
  and (%(key)s::text is null or position('"' || %(key)s || '":' in it.said) > 0)
order by kept.ledger nulls last, kept.place nulls last, kept.queued_at;

-- name: oldest_waiting
-- Since when the oldest entry waits in the outbox.
select min(queued_at) from ledger.outbox;

-- name: put_cosignature
-- Adds a witness's cosignature of one of our heads.
insert into ledger.cosignature (size, witness, key_id, line, received_at)
values (%(size)s, %(witness)s, %(key_id)s, %(line)s, %(received_at)s) on conflict do nothing;

-- name: cosignatures
-- The cosignatures of one of our heads, of each key the latest.
select distinct on (witness, key_id) line from ledger.cosignature where size = %(size)s
order by witness, key_id, received_at desc;

-- name: cosigned_size
-- The largest of our heads that a key cosigned.
select max(size) from ledger.cosignature where witness = %(witness)s and key_id = %(key_id)s;

-- name: put_witnessed
-- Adds a head that a quorum cosigned.
insert into ledger.witnessed (size, note, witnessed_at) values (%(size)s, %(note)s, %(witnessed_at)s)
on conflict do nothing;

-- name: witnessed
-- The newest head that a quorum cosigned.
select note, witnessed_at from ledger.witnessed order by size desc limit 1;

-- name: unwitnessed_since
-- Since when there is a signed head above the newest that a quorum cosigned.
select signed_at from ledger.checkpoint
where size > coalesce((select max(size) from ledger.witnessed), 0) order by size limit 1;

-- name: begin_peer
-- Makes the row of a log that we witness, before its first checkpoint.
insert into ledger.peer (origin, root) values (%(origin)s, %(root)s) on conflict do nothing;

-- name: hold_peer
-- What we cosigned last for a log, held until the transaction ends.
select size, root from ledger.peer where origin = %(origin)s for update;

-- name: put_peer
-- Remembers what is cosigned now.
update ledger.peer set size = %(size)s, root = %(root)s, note = %(note)s, cosigned_at = %(cosigned_at)s
where origin = %(origin)s;

-- name: peers
-- The checkpoints that we cosigned last, one for each log.
select origin, note, cosigned_at from ledger.peer where note is not null order by origin;

-- name: set_aside
-- Sets the tables of a ledger aside that may not go on, and puts empty ones in their place.
select ledger.set_aside(%(number)s);

-- name: earlier
-- The numbers of the ledgers that were set aside.
select substring(relname from '^entry_([0-9]+)$')::integer from pg_catalog.pg_class
where relnamespace = 'ledger'::regnamespace and relkind = 'r' and relname ~ '^entry_[0-9]+$' order by 1;

-- name: ages
-- How long the oldest act waits for its number, and the oldest head for its quorum, in seconds; and the limits of both.
select unsequenced, unsequenced_limit, unwitnessed, unwitnessed_limit from ledger.ages();

-- name: set_age_limit
-- Sets the limits, from now on.
insert into ledger.age_limit (unsequenced, unwitnessed) values (%(unsequenced)s, %(unwitnessed)s);
