-- What comes first where a write to the store cannot be rolled back (MyISAM), and who leads.
-- Everything is added: the previous program works on these tables as it did.
-- compatible: 1

CREATE TABLE IF NOT EXISTS `{prefix}sidecar_intent` (
  `intent_id` BIGINT UNSIGNED NOT NULL AUTO_INCREMENT COMMENT 'ascending in the order of writing',
  `done` BIGINT UNSIGNED NULL COMMENT 'the intent that was carried out, says this row; NULL: this row is one',
  `moves` MEDIUMTEXT NOT NULL COMMENT 'JSON of an intent: [group before, group after, [customers]] of each move',
  PRIMARY KEY (`intent_id`),
  UNIQUE KEY `done` (`done`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='customer groups about to be written to a table without transactions; empty when all is well';

ALTER TABLE `{prefix}sidecar_source`
  MODIFY COLUMN `name` VARCHAR(32) NOT NULL COMMENT 'poll, binlog; lead: who writes; lease: who may, where the server has no locks by name',
  MODIFY COLUMN `at` BIGINT NOT NULL COMMENT 'when it was last written; of the lease, until when';
