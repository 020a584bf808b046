-- name: current_statements
-- The current statement of each of these source keys.
select source_key, statement_id, version, digest from record.statement
where source = %(source)s and source_key = any(%(keys)s) and status = 'admitted' and kind = 'state'

-- name: known_digests
-- Which of these messages came before, and what became of them.
select digest, statement_id, source_key, version, status, kind from record.statement
where source = %(source)s and digest = any(%(digests)s)

-- name: move_statements
-- Let statements have another status.
update record.statement set status = %(status)s where statement_id = any(%(ids)s)

-- name: forget_statements
-- Leave a tombstone: status and keyed digest stay, so that a message delivered again does not bring the content back. With its
-- salt, whoever reads this could try guesses against the ledger's commitment.
update record.statement set status = 'erased', verbatim = null, salt = null where statement_id = any(%(ids)s)

-- name: delete_parts
-- Remove the parts that concern these source persons.
delete from record.part where source_person = any(%(people)s)

-- name: delete_parts_of_statements
-- Remove the parts of these statements.
delete from record.part where statement_id = any(%(ids)s)

-- name: wrapped_keys
-- The wrapped data keys of these source persons; as the gate, only of the agencies that this disclosure names.
select source_person, agency, epoch, wrapped from record.subject_key where source_person = any(%(people)s)

-- name: destroy_keys
-- Destroy the data keys of these source persons.
delete from record.subject_key where source_person = any(%(people)s)

-- name: drop_expired_verbatim
-- Remove verbatim messages whose time is over; what is still held in quarantine keeps its own.
update record.statement set verbatim = null
where verbatim is not null and verbatim_until <= %(now)s and status <> 'quarantined'
