-- Whoever is due in court or out of custody soon is found without reading what was ever held.
create index hearing_ahead on record."hearing" ("starts_on") where "status" = 'listed' or "status" is null;
create index release_ahead on record."custody" ("release_due_on") where "released_on" is null;
create index supervision_ahead on record."supervision" ("ends_on");
