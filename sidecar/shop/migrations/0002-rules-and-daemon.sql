-- What the daemon keeps: rules and what holds them back, segments, the ladder's memory,
-- pins, commands, hints, sources, findings. Everything is added: the previous program
-- works on these tables as it did.
-- compatible: 1

ALTER TABLE `{prefix}sidecar_customer`
  ADD COLUMN `segment_verdict0` BIGINT UNSIGNED NULL COMMENT 'what the segment rules say, a bit per slot; NULL is 0',
  ADD COLUMN `segment_verdict1` BIGINT UNSIGNED NULL COMMENT 'the same for slots 64 to 127',
  ADD COLUMN `segment_verdict2` BIGINT UNSIGNED NULL COMMENT 'the same for slots 128 to 191',
  ADD COLUMN `segment_verdict3` BIGINT UNSIGNED NULL COMMENT 'the same for slots 192 to 255',
  ADD COLUMN `segments0` BIGINT UNSIGNED NULL COMMENT 'the segments they are in, a bit per slot; NULL is 0',
  ADD COLUMN `segments1` BIGINT UNSIGNED NULL COMMENT 'the same for slots 64 to 127',
  ADD COLUMN `segments2` BIGINT UNSIGNED NULL COMMENT 'the same for slots 128 to 191',
  ADD COLUMN `segments3` BIGINT UNSIGNED NULL COMMENT 'the same for slots 192 to 255',
  ADD COLUMN `rungs` BIGINT UNSIGNED NULL COMMENT 'rungs whose when holds, a bit per slot; NULL is 0',
  ADD COLUMN `group_id` INT UNSIGNED NULL COMMENT 'customer group as last seen and accepted; NULL: the ladder never saw them',
  ADD COLUMN `group_before` INT UNSIGNED NULL COMMENT 'customer group held before the first move',
  ADD COLUMN `group_since` BIGINT NULL COMMENT 'in group_id since',
  ADD COLUMN `ceased_at` BIGINT NULL COMMENT 'since when the rung they stand on does not hold; NULL: it holds',
  ADD COLUMN `group_hold` TINYINT UNSIGNED NULL COMMENT '0 moved by the ladder, 1 found at installation, 2 changed outside, 3 changed outside again, 4 stopped by the breaker',
  ADD COLUMN `outside_at` BIGINT NULL COMMENT 'the last change that nobody explains',
  ADD COLUMN `outside_wanted` INT UNSIGNED NULL COMMENT 'the group the ladder wanted when that was adopted; 0: none',
  ADD COLUMN `moved_from` INT UNSIGNED NULL COMMENT 'customer group before our last write',
  ADD COLUMN `moved_at` BIGINT NULL COMMENT 'when we last wrote the customer group',
  ADD COLUMN `stale_at` BIGINT NULL COMMENT 'when our last write was undone by a stale form and written again',
  ADD COLUMN `pins` SMALLINT UNSIGNED NULL COMMENT 'rows in sidecar_pin; NULL is 0',
  ADD COLUMN `next_at` BIGINT NULL COMMENT 'the earliest instant at which time alone can change something; NULL: never',
  ADD KEY `next_at` (`next_at`);

ALTER TABLE `{prefix}sidecar_purchase`
  ADD KEY `product` (`product_id`);

ALTER TABLE `{prefix}sidecar_assertion`
  ADD COLUMN `requalify` TINYINT UNSIGNED NOT NULL DEFAULT 0 COMMENT '1: ends when the rule next turns true';

CREATE TABLE IF NOT EXISTS `{prefix}sidecar_pin` (
  `customer_id` INT UNSIGNED NOT NULL COMMENT 'the store''s id',
  `kind` ENUM('segment','group') NOT NULL COMMENT 'what is pinned; tags have their pins in sidecar_assertion',
  `target_id` INT UNSIGNED NOT NULL COMMENT 'of sidecar_segment, or the store''s customer_group_id',
  `direction` ENUM('in','out') NOT NULL COMMENT 'a person''s yes or no',
  `since` BIGINT NOT NULL COMMENT 'pinned at',
  `until` BIGINT NULL COMMENT 'live before this instant; NULL: no end',
  `requalify` TINYINT UNSIGNED NOT NULL DEFAULT 0 COMMENT '1: ends when the rule next turns true',
  `actor` VARCHAR(64) NOT NULL COMMENT 'the person',
  `reason` VARCHAR(255) NULL COMMENT 'in their words',
  PRIMARY KEY (`customer_id`, `kind`, `target_id`),
  KEY `target` (`kind`, `target_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='people''s words on segments and customer groups';

CREATE TABLE IF NOT EXISTS `{prefix}sidecar_rule` (
  `rule_id` INT UNSIGNED NOT NULL AUTO_INCREMENT COMMENT 'as in sidecar_run_rule',
  `kind` ENUM('tag','segment','group','ladder') NOT NULL COMMENT 'group: a rung; ladder: all rungs together, one row',
  `name` VARCHAR(255) NOT NULL COMMENT 'as written',
  `name_key` VARCHAR(255) NOT NULL COMMENT 'as compared: NFKC, lower case',
  `origin` ENUM('file','admin','builtin') NOT NULL COMMENT 'where it stands',
  `definition` TEXT NULL COMMENT 'JSON of a rule made in the admin: when, keep_when, grace, min_stay; else NULL',
  `position` INT NOT NULL DEFAULT 0 COMMENT 'order among the rungs made in the admin',
  `fingerprint` CHAR(16) NOT NULL DEFAULT '' COMMENT 'of what it says now; empty: it is gone',
  `settled` CHAR(16) NOT NULL DEFAULT '' COMMENT 'fingerprint that a full pass applied; another means new or edited',
  `held` CHAR(16) NULL COMMENT 'fingerprint that an undo or discard holds; NULL: not held',
  `held_at` BIGINT NULL COMMENT 'since when',
  `held_by` INT UNSIGNED NULL COMMENT 'the run that was undone or discarded',
  `actor` VARCHAR(64) NULL COMMENT 'who made it in the admin',
  `changed_at` BIGINT NOT NULL COMMENT 'when it last became another',
  PRIMARY KEY (`rule_id`),
  UNIQUE KEY `name_key` (`kind`, `name_key`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='every rule there is or was, and what a pass has made of it';

CREATE TABLE IF NOT EXISTS `{prefix}sidecar_segment` (
  `segment_id` INT UNSIGNED NOT NULL AUTO_INCREMENT COMMENT 'as in sidecar_member',
  `name` VARCHAR(255) NOT NULL COMMENT 'as displayed',
  `name_key` VARCHAR(255) NOT NULL COMMENT 'as compared: NFKC, lower case',
  `slot` SMALLINT UNSIGNED NULL COMMENT 'bit in the words; NULL: gone',
  `customers` INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'in it',
  `baseline_at` BIGINT NULL COMMENT 'first evaluated over the whole store; NULL: not yet',
  `listed` TINYINT UNSIGNED NOT NULL DEFAULT 0 COMMENT '1: its members have rows in sidecar_member',
  `gone_at` BIGINT NULL COMMENT 'no rule makes it any more since',
  PRIMARY KEY (`segment_id`),
  UNIQUE KEY `name_key` (`name_key`),
  UNIQUE KEY `slot` (`slot`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='the segments there are';

CREATE TABLE IF NOT EXISTS `{prefix}sidecar_member` (
  `segment_id` INT UNSIGNED NOT NULL COMMENT 'of sidecar_segment',
  `customer_id` INT UNSIGNED NOT NULL COMMENT 'the store''s id',
  `since` BIGINT NOT NULL COMMENT 'entered at, or when the rows were made',
  PRIMARY KEY (`segment_id`, `customer_id`),
  KEY `customer` (`customer_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='members of segments that hold few of the customers';

CREATE TABLE IF NOT EXISTS `{prefix}sidecar_segment_change` (
  `change_id` BIGINT UNSIGNED NOT NULL AUTO_INCREMENT COMMENT 'ascending in the order of writing',
  `segment_id` INT UNSIGNED NOT NULL COMMENT 'of sidecar_segment',
  `customer_id` INT UNSIGNED NOT NULL COMMENT 'the store''s id',
  `at` BIGINT NOT NULL COMMENT 'the moment of the run',
  `entered` TINYINT UNSIGNED NOT NULL COMMENT '1 entered, 0 left',
  PRIMARY KEY (`change_id`),
  KEY `segment` (`segment_id`, `at`),
  KEY `customer` (`customer_id`, `at`),
  KEY `at` (`at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='entries and exits of segments, from their second evaluation on';

CREATE TABLE IF NOT EXISTS `{prefix}sidecar_segment_size` (
  `segment_id` INT UNSIGNED NOT NULL COMMENT 'of sidecar_segment',
  `day` DATE NOT NULL COMMENT 'in the store''s zone',
  `customers` INT UNSIGNED NOT NULL COMMENT 'in it, when last counted that day',
  PRIMARY KEY (`segment_id`, `day`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='the size of each segment over time';

ALTER TABLE `{prefix}sidecar_run`
  MODIFY COLUMN `kind` ENUM('full','changed','command','clock','limits','undo') NOT NULL COMMENT 'a full pass, changed customers, a command, time, new limits, an undo',
  MODIFY COLUMN `state` ENUM('running','applied','interrupted','failed','waiting','discarded','undone','obsolete') NOT NULL COMMENT 'waiting: for approval; obsolete: waited until nothing was left to change',
  ADD COLUMN `segment_entered` INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'entries into segments',
  ADD COLUMN `segment_left` INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'exits from segments',
  ADD COLUMN `group_changed` INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'customers moved to another group',
  ADD COLUMN `tier_changed` INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'customers moved to another tier',
  ADD COLUMN `renewed_at` BIGINT NULL COMMENT 'waiting: when last planned',
  ADD COLUMN `decided_by` VARCHAR(64) NULL COMMENT 'who approved, discarded or undid it',
  ADD COLUMN `decided_at` BIGINT NULL COMMENT 'when',
  ADD COLUMN `undoes` INT UNSIGNED NULL COMMENT 'of an undo: the run it undid',
  ADD KEY `state` (`state`),
  ADD KEY `started` (`started_at`);

CREATE TABLE IF NOT EXISTS `{prefix}sidecar_run_rule` (
  `run_id` INT UNSIGNED NOT NULL COMMENT 'of sidecar_run',
  `rule_id` INT UNSIGNED NOT NULL COMMENT 'of sidecar_rule',
  `fingerprint` CHAR(16) NOT NULL COMMENT 'what the rule said then',
  `changes` INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'steps it planned or wrote',
  PRIMARY KEY (`run_id`, `rule_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='the rules that wrote a step in a run, or wait in it';

ALTER TABLE `{prefix}sidecar_audit`
  ADD COLUMN `asserted` TEXT NULL COMMENT 'tags whose rule turned true, ids with commas; NULL: none',
  ADD COLUMN `retracted` TEXT NULL COMMENT 'tags whose rule turned false; NULL: none',
  ADD COLUMN `group_from` INT UNSIGNED NULL COMMENT 'customer group before; NULL: not changed',
  ADD COLUMN `group_to` INT UNSIGNED NULL COMMENT 'customer group after; NULL: not changed',
  ADD COLUMN `group_why` TINYINT UNSIGNED NULL COMMENT '1 rose, 2 fell, 3 fell off, 4 pinned, 5 written again over a stale form, 6 undone',
  ADD KEY `at` (`at`);

CREATE TABLE IF NOT EXISTS `{prefix}sidecar_audit_pin` (
  `run_id` INT UNSIGNED NOT NULL COMMENT 'of sidecar_run',
  `customer_id` INT UNSIGNED NOT NULL COMMENT 'the store''s id',
  `before` MEDIUMTEXT NOT NULL COMMENT 'JSON: the assertions and pins that the run replaced or ended',
  `after` MEDIUMTEXT NOT NULL COMMENT 'JSON: what it put in their place',
  PRIMARY KEY (`run_id`, `customer_id`),
  KEY `customer` (`customer_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='what people''s commands said before and after, for undo';

CREATE TABLE IF NOT EXISTS `{prefix}sidecar_command` (
  `command_id` BIGINT UNSIGNED NOT NULL AUTO_INCREMENT COMMENT 'ascending in the order of asking',
  `name` VARCHAR(64) NOT NULL COMMENT 'of the catalogue of commands',
  `parameters` MEDIUMTEXT NOT NULL COMMENT 'JSON object',
  `actor` VARCHAR(64) NOT NULL COMMENT 'who asked, e.g. admin:anna, cli:root',
  `idempotency_key` VARCHAR(64) NULL COMMENT 'asked twice with the same key is asked once',
  `state` ENUM('new','running','done','waiting','failed') NOT NULL DEFAULT 'new' COMMENT 'waiting: what it asked for waits for approval',
  `created_at` BIGINT NOT NULL COMMENT 'asked',
  `started_at` BIGINT NULL COMMENT 'taken up',
  `finished_at` BIGINT NULL COMMENT 'answered',
  `done` INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'progress',
  `total` INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'of so many; 0: not known',
  `answer` MEDIUMTEXT NULL COMMENT 'JSON, when done or waiting',
  `error` TEXT NULL COMMENT 'for a person, when failed',
  `exit_code` SMALLINT UNSIGNED NULL COMMENT 'as the command line would exit',
  PRIMARY KEY (`command_id`),
  UNIQUE KEY `idempotency_key` (`idempotency_key`),
  KEY `state` (`state`, `command_id`),
  KEY `created` (`created_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='what people ask for, from the command line and the admin';

CREATE TABLE IF NOT EXISTS `{prefix}sidecar_hint` (
  `hint_id` BIGINT UNSIGNED NOT NULL AUTO_INCREMENT COMMENT 'ascending in the order of ringing',
  `customer_id` INT UNSIGNED NOT NULL COMMENT 'the store''s id',
  `reason` VARCHAR(64) NOT NULL COMMENT 'what happened, e.g. customer.edit',
  `actor` VARCHAR(64) NULL COMMENT 'the user who did it in the admin; NULL: nobody known',
  `at` BIGINT NOT NULL COMMENT 'when',
  PRIMARY KEY (`hint_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='customers to look at again, rung by the bridge; consumed once';

CREATE TABLE IF NOT EXISTS `{prefix}sidecar_source` (
  `name` VARCHAR(32) NOT NULL COMMENT 'poll, or binlog',
  `seq` BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'counts commits; compare-and-set',
  `epoch` BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'counts leaders; a stale one sees another number',
  `position` MEDIUMTEXT NOT NULL COMMENT 'JSON: how far it has read',
  `at` BIGINT NOT NULL COMMENT 'when it was last written',
  PRIMARY KEY (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='how far each source of changes has been read';

CREATE TABLE IF NOT EXISTS `{prefix}sidecar_block` (
  `source` VARCHAR(32) NOT NULL COMMENT 'the store''s table, without its prefix',
  `block` INT UNSIGNED NOT NULL COMMENT 'its key divided by the block''s size',
  `numbers` INT UNSIGNED NOT NULL COMMENT 'rows in it',
  `crc_xor` BIGINT UNSIGNED NOT NULL COMMENT 'checksums of the rows, exclusive or',
  `crc_sum` BIGINT UNSIGNED NOT NULL COMMENT 'the same, added up',
  `rows_read` MEDIUMBLOB NOT NULL COMMENT 'of each row whom it leads to (64 bit) and its checksum (32 bit), little-endian, zlib',
  `changed_at` BIGINT NOT NULL COMMENT 'when it was last found to be another',
  PRIMARY KEY (`source`, `block`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='checksums of blocks of the store''s tables, to find what nothing announced';

CREATE TABLE IF NOT EXISTS `{prefix}sidecar_finding` (
  `finding_id` INT UNSIGNED NOT NULL AUTO_INCREMENT COMMENT 'its number',
  `kind` VARCHAR(64) NOT NULL COMMENT 'what is the matter, e.g. ladder.group_gone',
  `subject` VARCHAR(191) NOT NULL COMMENT 'with what, e.g. a customer, a rule',
  `message` VARCHAR(500) NOT NULL COMMENT 'for a person: what, and the way out',
  `first_at` BIGINT NOT NULL COMMENT 'found first',
  `last_at` BIGINT NOT NULL COMMENT 'found last',
  `times` INT UNSIGNED NOT NULL DEFAULT 1 COMMENT 'how often',
  `mended_at` BIGINT NULL COMMENT 'no longer so since; NULL: still',
  PRIMARY KEY (`finding_id`),
  UNIQUE KEY `subject` (`kind`, `subject`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='what a person should look at';

CREATE TABLE IF NOT EXISTS `{prefix}sidecar_state` (
  `name` VARCHAR(64) NOT NULL COMMENT 'what is kept, e.g. installation, paused',
  `value` TEXT NOT NULL COMMENT 'JSON',
  `at` BIGINT NOT NULL COMMENT 'when it was written',
  PRIMARY KEY (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='single values of the whole installation';
