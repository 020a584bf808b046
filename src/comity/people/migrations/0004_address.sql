-- Where somebody lives, as a source writes it, and a date of birth that is in no calendar: slips that still tell a lot.
alter table people.source_person add column address text;
alter table people.source_person add column birth_text text check (length(birth_text) between 1 and 16);
