-- An agency whose key was replaced signs the same text anew with the new one; what it signed before stays as it was.
alter table agreements.signature drop constraint signature_pkey;
alter table agreements.signature add primary key (name, version, agency, thumbprint);
