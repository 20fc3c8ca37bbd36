<?php
namespace Opencart\System\Library\Extension\Sidecar;

/**
 * How many were in segments from day to day, and who came and went.
 */
class SegmentHistory {
	/** Entries and exits that are shown. */
	private const CHANGES = 20;

	private Database $database;

	public function __construct(Database $database) {
		$this->database = $database;
	}

	/**
	 * Sizes by segment and day, the first day first; days on which nobody counted are not there.
	 *
	 * @param list<int> $segment_ids
	 *
	 * @return array<int, array<string, int>> by segment, by day as 2026-01-31
	 */
	public function sizes(array $segment_ids, int $days): array {
		$sizes = [];
		$since = date('Y-m-d', (int)strtotime('-' . $days . ' days'));

		foreach ($segment_ids ? $this->database->rows('SELECT `segment_id`, `day`, `customers` FROM {sidecar_segment_size} WHERE `segment_id` IN (?) AND `day` > ? ORDER BY `segment_id`, `day`', [$segment_ids, $since]) : [] as $row) {
			$sizes[(int)$row['segment_id']][(string)$row['day']] = (int)$row['customers'];
		}

		return $sizes;
	}

	/**
	 * The last entries and exits, the newest first.
	 *
	 * @return list<array{customer_id: int, at: string, entered: bool}>
	 */
	public function changes(int $segment_id): array {
		return array_map(static function (array $row): array {
			return ['customer_id' => (int)$row['customer_id'], 'at' => (string)$row['at'], 'entered' => (bool)$row['entered']];
		}, $this->database->rows('SELECT `customer_id`, `at`, `entered` FROM {sidecar_segment_change} WHERE `segment_id` = ? ORDER BY `at` DESC LIMIT ' . self::CHANGES, [$segment_id]));
	}
}
