-- A token can be switched off for a while, without another secret when it is switched on again.

ALTER TABLE credential ADD COLUMN suspended_at {int};
