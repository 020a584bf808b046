-- In which turn each source person was placed, so that who looked before they waited sees what came meanwhile.
create sequence people.turn;
grant usage on sequence people.turn to comity_intake;
alter table people.source_person add column turn bigint not null default nextval('people.turn');
comment on column people.source_person.turn is 'Rises with each placement. Given out to whoever holds the lock of this room, so that whatever has a lower one is committed.';
create index source_person_turn on people.source_person (turn);
