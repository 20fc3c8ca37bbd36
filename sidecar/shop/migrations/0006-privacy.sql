-- Requests about personal data, erasures and their journal, consents, restrictions, retention.
-- Everything is added: the previous program works on these tables as it did.
-- compatible: 1

CREATE TABLE IF NOT EXISTS `{prefix}sidecar_privacy_request` (
  `request_id` INT UNSIGNED NOT NULL AUTO_INCREMENT COMMENT 'its number',
  `kind` ENUM('access','erase','rectify','restrict','object_marketing','object_profiling') NOT NULL COMMENT 'what is asked for',
  `state` ENUM('unverified','open','waiting','running','done','incomplete','refused','cancelled') NOT NULL COMMENT 'waiting: approved, until starts_at; incomplete: done as far as it went, see result',
  `customer_id` INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'the store''s id; 0: a guest, or erased',
  `email` VARCHAR(96) NULL COMMENT 'as given; NULL: of an account, or erased',
  `person` CHAR(64) NOT NULL COMMENT 'keyed hash of the account, or of a guest''s e-mail address',
  `store_id` INT NOT NULL DEFAULT 0 COMMENT 'the store''s id',
  `source` ENUM('staff','native') NOT NULL COMMENT 'native: OpenCart''s own page',
  `native_id` INT UNSIGNED NULL COMMENT 'gdpr_id of the row in the store; NULL: none',
  `identity` ENUM('none','code','login','staff') NOT NULL DEFAULT 'none' COMMENT 'how we know who asks: a code by e-mail, a login, or a person of the shop',
  `verified_by` VARCHAR(64) NULL COMMENT 'who says so; NULL: nobody yet',
  `verified_how` VARCHAR(255) NULL COMMENT 'in their words',
  `verified_at` BIGINT NULL COMMENT 'when',
  `actor` VARCHAR(64) NOT NULL COMMENT 'who entered it',
  `received_at` BIGINT NOT NULL COMMENT 'when it was made',
  `due_at` BIGINT NOT NULL COMMENT 'until when it must be answered',
  `extended_reason` VARCHAR(255) NULL COMMENT 'why it is due later; NULL: it is not',
  `starts_at` BIGINT NULL COMMENT 'when an approved erasure begins; NULL: not approved',
  `decided_by` VARCHAR(64) NULL COMMENT 'who approved, refused or cancelled it',
  `decided_reason` VARCHAR(255) NULL COMMENT 'why it was refused or cancelled',
  `finished_at` BIGINT NULL COMMENT 'when it was done, refused or cancelled',
  `result` MEDIUMTEXT NULL COMMENT 'JSON: what came of it, in numbers; never personal data',
  `command_id` BIGINT UNSIGNED NULL COMMENT 'the command that asked for it, so that it is entered once; NULL: none',
  `next_at` BIGINT NULL COMMENT 'when time alone changes it next; NULL: never',
  PRIMARY KEY (`request_id`),
  UNIQUE KEY `native` (`native_id`),
  UNIQUE KEY `command` (`command_id`),
  KEY `person` (`person`),
  KEY `customer` (`customer_id`),
  KEY `state` (`state`, `due_at`),
  KEY `next_at` (`next_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='what people ask for about their data';

CREATE TABLE IF NOT EXISTS `{prefix}sidecar_privacy_act` (
  `act_id` BIGINT UNSIGNED NOT NULL AUTO_INCREMENT COMMENT 'ascending in the order of writing',
  `request_id` INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'of sidecar_privacy_request; 0: of none',
  `at` BIGINT NOT NULL COMMENT 'when',
  `actor` VARCHAR(64) NOT NULL COMMENT 'who',
  `act` VARCHAR(32) NOT NULL COMMENT 'what, e.g. approved, extended, takeover',
  `reason` VARCHAR(255) NULL COMMENT 'in their words',
  PRIMARY KEY (`act_id`),
  KEY `request` (`request_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='who did what about requests; rows are never changed';

CREATE TABLE IF NOT EXISTS `{prefix}sidecar_erasure` (
  `erasure_id` BIGINT UNSIGNED NOT NULL AUTO_INCREMENT COMMENT 'its number, which pseudonyms bear',
  `request_id` INT UNSIGNED NULL COMMENT 'of sidecar_privacy_request; NULL: of a retention rule, or a replay',
  `purge_id` INT UNSIGNED NULL COMMENT 'of sidecar_purge; NULL: of a request, or a replay',
  `customer_id` INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'the store''s id; 0: a guest',
  `person` CHAR(64) NOT NULL COMMENT 'keyed hash of the account, or of a guest''s e-mail address',
  `sealed` MEDIUMBLOB NULL COMMENT 'encrypted: the values that are erased, to go on after a crash and to look for them; NULL: verified',
  `stage` ENUM('noted','stopped','erased','verified') NOT NULL COMMENT 'the last that is done; noted: in the journal',
  `result` MEDIUMTEXT NULL COMMENT 'JSON: rows by table, what is kept and until when, what was left; never personal data',
  `at` BIGINT NOT NULL COMMENT 'when it began',
  `finished_at` BIGINT NULL COMMENT 'when it was verified',
  PRIMARY KEY (`erasure_id`),
  KEY `stage` (`stage`),
  KEY `request` (`request_id`),
  KEY `purge` (`purge_id`),
  KEY `customer` (`customer_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='erasures of persons, and how far they are';

CREATE TABLE IF NOT EXISTS `{prefix}sidecar_kept` (
  `name` VARCHAR(64) NOT NULL COMMENT 'of the table, without the prefix',
  `row_key` VARCHAR(191) NOT NULL COMMENT 'the row''s primary key; of several columns as JSON',
  `erasure_id` BIGINT UNSIGNED NOT NULL COMMENT 'of sidecar_erasure',
  `purge_at` BIGINT NOT NULL COMMENT 'when it is erased after all',
  PRIMARY KEY (`name`, `row_key`),
  KEY `purge_at` (`purge_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='rows of erased persons that have to be kept for a time';

CREATE TABLE IF NOT EXISTS `{prefix}sidecar_journal` (
  `entry` CHAR(32) NOT NULL COMMENT 'random, the same in the file',
  `kind` ENUM('erasure','suppression') NOT NULL COMMENT 'what has to be done again after a restore',
  `customer` CHAR(64) NULL COMMENT 'keyed hash of the account: its id and when it was made; NULL: a guest',
  `address` CHAR(64) NULL COMMENT 'keyed hash of an e-mail address or telephone number; NULL: none was known',
  `channel` VARCHAR(16) NULL COMMENT 'of a suppression; NULL: of an erasure',
  `purpose` VARCHAR(64) NOT NULL DEFAULT '' COMMENT 'of a suppression; empty: all',
  `reason` VARCHAR(32) NOT NULL DEFAULT '' COMMENT 'of a suppression',
  `at` BIGINT NOT NULL COMMENT 'when',
  PRIMARY KEY (`entry`),
  KEY `customer` (`customer`),
  KEY `address` (`address`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='what was erased and suppressed, as in the file of the same entries';

CREATE TABLE IF NOT EXISTS `{prefix}sidecar_suppression` (
  `channel` ENUM('email','sms','telephone','post','messenger') NOT NULL COMMENT 'where nothing may be sent',
  `address` CHAR(64) NOT NULL COMMENT 'keyed hash of the address or number',
  `purpose` VARCHAR(64) NOT NULL DEFAULT '' COMMENT 'empty: any',
  `reason` ENUM('erased','objected','complained','bounced','withdrawn') NOT NULL COMMENT 'why',
  `since` BIGINT NOT NULL COMMENT 'since when',
  `entry` CHAR(32) NOT NULL COMMENT 'of sidecar_journal',
  PRIMARY KEY (`channel`, `address`, `purpose`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='addresses to which nothing may be sent, whatever is imported';

CREATE TABLE IF NOT EXISTS `{prefix}sidecar_consent` (
  `consent_id` BIGINT UNSIGNED NOT NULL AUTO_INCREMENT COMMENT 'its place in the chain',
  `at` BIGINT NOT NULL COMMENT 'when it was said',
  `noted_at` BIGINT NOT NULL COMMENT 'when it was written',
  `channel` ENUM('email','sms','telephone','post','messenger','cookie','processing') NOT NULL COMMENT 'by which means',
  `purpose` VARCHAR(64) NOT NULL COMMENT 'what for, e.g. newsletter',
  `store_id` INT NOT NULL DEFAULT 0 COMMENT 'the store''s id',
  `state` ENUM('pending','granted','withdrawn','bounced','complained','objected') NOT NULL COMMENT 'what was said',
  `source` VARCHAR(32) NOT NULL COMMENT 'where: found, store, staff, command, import, erasure, objection',
  `evidence` VARCHAR(32) NOT NULL COMMENT 'what proves it: none, form, double_opt_in, staff, document',
  `wording` CHAR(64) NULL COMMENT 'hash of the words, of sidecar_wording; NULL: not known',
  `customer_id` INT UNSIGNED NULL COMMENT 'personal: the store''s id, 0 a guest; NULL: erased',
  `subject` CHAR(64) NULL COMMENT 'personal: keyed hash of a guest''s address; NULL: an account, or erased',
  `personal` TEXT NULL COMMENT 'personal: JSON of address, IP, user agent, locale, words; NULL: erased',
  `salt` CHAR(32) NULL COMMENT 'of personal_mac; NULL: erased',
  `personal_mac` CHAR(64) NOT NULL COMMENT 'salted keyed hash of the personal columns',
  `actor` VARCHAR(64) NULL COMMENT 'the person of the shop who entered it; NULL: nobody',
  `key_id` SMALLINT UNSIGNED NOT NULL COMMENT 'of the installation''s keys',
  `previous` CHAR(64) NOT NULL COMMENT 'digest of the row before; zeros: the first',
  `digest` CHAR(64) NOT NULL COMMENT 'keyed hash of previous, personal_mac and all that is not personal',
  PRIMARY KEY (`consent_id`),
  UNIQUE KEY `previous` (`previous`),
  KEY `customer` (`customer_id`),
  KEY `subject` (`subject`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='every consent and withdrawal; a chain, to which is only added';

CREATE TABLE IF NOT EXISTS `{prefix}sidecar_consent_state` (
  `customer_id` INT UNSIGNED NOT NULL COMMENT 'the store''s id; 0: a guest',
  `subject` CHAR(64) NOT NULL DEFAULT '' COMMENT 'keyed hash of a guest''s address; empty: an account',
  `store_id` INT NOT NULL DEFAULT 0 COMMENT 'the store''s id',
  `channel` ENUM('email','sms','telephone','post','messenger','cookie','processing') NOT NULL COMMENT 'by which means',
  `purpose` VARCHAR(64) NOT NULL COMMENT 'what for',
  `state` ENUM('pending','granted','withdrawn','bounced','complained','objected') NOT NULL COMMENT 'what holds',
  `at` BIGINT NOT NULL COMMENT 'since when',
  `consent_id` BIGINT UNSIGNED NOT NULL COMMENT 'the row that says so',
  `native` TINYINT UNSIGNED NULL COMMENT 'newsletter: the flag in the store as last seen or written; NULL: not projected',
  PRIMARY KEY (`customer_id`, `subject`, `store_id`, `channel`, `purpose`),
  KEY `subject` (`subject`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='the consents that hold, added up from the chain';

CREATE TABLE IF NOT EXISTS `{prefix}sidecar_wording` (
  `wording` CHAR(64) NOT NULL COMMENT 'SHA-256 of the words',
  `words` MEDIUMTEXT NOT NULL COMMENT 'as people read them',
  `locale` VARCHAR(16) NOT NULL DEFAULT '' COMMENT 'their language',
  `since` BIGINT NOT NULL COMMENT 'when they were first used',
  PRIMARY KEY (`wording`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='words that people consented to';

CREATE TABLE IF NOT EXISTS `{prefix}sidecar_restriction` (
  `customer_id` INT UNSIGNED NOT NULL COMMENT 'the store''s id',
  `kind` ENUM('restricted','no_profiling','no_marketing') NOT NULL COMMENT 'restricted: left out of everything',
  `since` BIGINT NOT NULL COMMENT 'since when',
  `actor` VARCHAR(64) NOT NULL COMMENT 'who entered it',
  `reason` VARCHAR(255) NOT NULL COMMENT 'in their words',
  `request_id` INT UNSIGNED NULL COMMENT 'of sidecar_privacy_request; NULL: none',
  PRIMARY KEY (`customer_id`, `kind`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='people whose data may not be used as that of others';

CREATE TABLE IF NOT EXISTS `{prefix}sidecar_legal_hold` (
  `customer_id` INT UNSIGNED NOT NULL COMMENT 'the store''s id',
  `since` BIGINT NOT NULL COMMENT 'since when',
  `until` BIGINT NULL COMMENT 'until when; NULL: until it is lifted',
  `actor` VARCHAR(64) NOT NULL COMMENT 'who entered it',
  `reason` VARCHAR(255) NOT NULL COMMENT 'in their words',
  PRIMARY KEY (`customer_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='people whose data must not be erased for now';

CREATE TABLE IF NOT EXISTS `{prefix}sidecar_purge` (
  `purge_id` INT UNSIGNED NOT NULL AUTO_INCREMENT COMMENT 'its number',
  `rule` VARCHAR(255) NOT NULL COMMENT 'name of the retention rule',
  `fingerprint` CHAR(16) NOT NULL COMMENT 'of what the rule says',
  `state` ENUM('waiting','running','done','discarded','obsolete') NOT NULL COMMENT 'waiting: for approval',
  `planned` BIGINT NOT NULL COMMENT 'persons or rows that it would erase',
  `erased` BIGINT NOT NULL DEFAULT 0 COMMENT 'persons or rows that it erased',
  `planned_at` BIGINT NOT NULL COMMENT 'when',
  `decided_by` VARCHAR(64) NULL COMMENT 'who approved or discarded it; NULL: nobody was asked',
  `decided_at` BIGINT NULL COMMENT 'when',
  `finished_at` BIGINT NULL COMMENT 'when it was done',
  `result` MEDIUMTEXT NULL COMMENT 'JSON: rows by table; never personal data',
  PRIMARY KEY (`purge_id`),
  KEY `rule` (`rule`, `purge_id`),
  KEY `state` (`state`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='what retention rules erased, or would';

CREATE TABLE IF NOT EXISTS `{prefix}sidecar_purge_date` (
  `customer_id` INT UNSIGNED NOT NULL COMMENT 'the store''s id',
  `purge_at` BIGINT NOT NULL COMMENT 'when the account is purged at the earliest, unless something protects it then',
  PRIMARY KEY (`customer_id`),
  KEY `purge_at` (`purge_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='when retention rules end accounts; told once a day';

CREATE TABLE IF NOT EXISTS `{prefix}sidecar_export` (
  `export_id` BIGINT UNSIGNED NOT NULL AUTO_INCREMENT COMMENT 'its number',
  `request_id` INT UNSIGNED NOT NULL COMMENT 'of sidecar_privacy_request',
  `file` VARCHAR(191) NOT NULL COMMENT 'its name in the folder of exports',
  `salt` CHAR(32) NOT NULL COMMENT 'of its password, which needs the installation''s key too',
  `bytes` BIGINT UNSIGNED NOT NULL COMMENT 'its size',
  `sha256` CHAR(64) NOT NULL COMMENT 'of the file',
  `made_at` BIGINT NOT NULL COMMENT 'when',
  `ends_at` BIGINT NOT NULL COMMENT 'when the file is deleted',
  `told_at` BIGINT NULL COMMENT 'when the password was told; NULL: not yet',
  `deleted_at` BIGINT NULL COMMENT 'when the file was deleted; NULL: it is there',
  PRIMARY KEY (`export_id`),
  KEY `request` (`request_id`),
  KEY `ends_at` (`ends_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='exports of a person''s data on the disk of the sidecar';
