-- What more pages in the admin need: numbers over time, and exports to be fetched through them.
-- Everything is added: the previous program works on these tables as it did.
-- compatible: 1

CREATE TABLE IF NOT EXISTS `{prefix}sidecar_figure` (
  `day` DATE NOT NULL COMMENT 'in the store''s zone',
  `figure` VARCHAR(32) NOT NULL COMMENT 'what was counted, e.g. tier, points',
  `name` VARCHAR(255) NOT NULL COMMENT 'of what of it, e.g. a tier''s name; empty: of all',
  `customers` INT UNSIGNED NULL COMMENT 'how many, when last counted that day; NULL: no customers are counted',
  `amount` BIGINT NULL COMMENT 'points, or money in ten-thousandths; NULL: customers only',
  `at` BIGINT NOT NULL COMMENT 'when it was last counted',
  PRIMARY KEY (`day`, `figure`, `name`),
  KEY `figure` (`figure`, `day`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='numbers of each day, for reports';

CREATE TABLE IF NOT EXISTS `{prefix}sidecar_export_part` (
  `command_id` BIGINT UNSIGNED NOT NULL COMMENT 'the command that asked for the export',
  `part` INT UNSIGNED NOT NULL COMMENT 'its place in the file, from 0',
  `bytes` MEDIUMBLOB NOT NULL COMMENT 'of the encrypted file',
  `ends_at` BIGINT NOT NULL COMMENT 'when it is deleted',
  PRIMARY KEY (`command_id`, `part`),
  KEY `ends_at` (`ends_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='exports on their way through the admin, for minutes';
