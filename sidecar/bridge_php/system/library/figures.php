<?php
namespace Opencart\System\Library\Extension\Sidecar;

/**
 * Numbers of each day as the sidecar notes them, for reports; only from small tables.
 *
 * Days are written as 2027-01-31, in the store's zone.
 */
class Figures {
	/** RFM groups, the best first. */
	public const GROUPS = ['champions', 'loyal', 'promising', 'new', 'needs attention', 'about to sleep', 'at risk', 'cannot lose', 'hibernating', 'lost'];

	private Database $database;

	public function __construct(Database $database) {
		$this->database = $database;
	}

	/**
	 * When the numbers were last counted, in seconds since 1970, and the first day of them; null: never.
	 *
	 * @return array{at: ?string, first: ?string}
	 */
	public function counted(): array {
		$row = $this->database->row("SELECT MAX(`at`) AS `at`, MIN(`day`) AS `first` FROM {sidecar_figure} WHERE `figure` = 'customers'");

		return ['at' => $row['at'] ?? null, 'first' => $row['first'] ?? null];
	}

	/**
	 * A figure by day and name from a day on.
	 *
	 * @return array<string, array<string, array{customers: ?int, amount: ?string}>>
	 */
	public function days(string $figure, string $from): array {
		$days = [];

		foreach ($this->database->rows('SELECT `day`, `name`, `customers`, `amount` FROM {sidecar_figure} WHERE `figure` = ? AND `day` >= ? ORDER BY `day`, `name`', [$figure, $from]) as $row) {
			$days[$row['day']][$row['name']] = ['customers' => $row['customers'] === null ? null : (int)$row['customers'], 'amount' => $row['amount']];
		}

		return $days;
	}

	/**
	 * A figure on the last day on which it was counted, by name; nothing where that is not the last time.
	 *
	 * @return array<string, array{customers: ?int, amount: ?string}>
	 */
	public function now(string $figure): array {
		$day = $this->database->value("SELECT MAX(`day`) FROM {sidecar_figure} WHERE `figure` = 'customers'");

		return $day === null ? [] : $this->days($figure, $day)[$day] ?? [];
	}

	/**
	 * Segments that were counted once, by name.
	 *
	 * @return list<array{segment_id: int, name: string, customers: int, since: string}>
	 */
	public function segments(): array {
		return array_map(static function (array $row): array {
			return ['segment_id' => (int)$row['segment_id'], 'name' => (string)$row['name'], 'customers' => (int)$row['customers'], 'since' => (string)$row['baseline_at']];
		}, $this->database->rows('SELECT `segment_id`, `name`, `customers`, `baseline_at` FROM {sidecar_segment} WHERE `slot` IS NOT NULL AND `baseline_at` IS NOT NULL ORDER BY `name_key`'));
	}

	/**
	 * How large segments were, by segment and day.
	 *
	 * @param list<int> $segments
	 *
	 * @return array<int, array<string, int>>
	 */
	public function sizes(array $segments, string $from): array {
		$sizes = array_fill_keys($segments, []);

		foreach ($segments ? $this->database->rows('SELECT `segment_id`, `day`, `customers` FROM {sidecar_segment_size} WHERE `segment_id` IN (?) AND `day` >= ? ORDER BY `day`', [$segments, $from]) : [] as $row) {
			$sizes[(int)$row['segment_id']][$row['day']] = (int)$row['customers'];
		}

		return $sizes;
	}

	/**
	 * How many came into a segment and left it, by day; days without either are left out.
	 *
	 * @return array<string, array{entered: int, left: int}>
	 */
	public function moves(int $segment_id, string $from): array {
		$days = [];

		foreach ($this->database->rows("SELECT `day`, `figure`, `customers` FROM {sidecar_figure} WHERE `figure` IN ('entered', 'left') AND `name` = ? AND `day` >= ? ORDER BY `day`", [(string)$segment_id, $from]) as $row) {
			$days[$row['day']] = ($days[$row['day']] ?? []) + ['entered' => 0, 'left' => 0];
			$days[$row['day']][$row['figure']] = (int)$row['customers'];
		}

		return $days;
	}

	/**
	 * Who moved between RFM groups, the most first; a group is '' for none.
	 *
	 * @param int $days 30 or 90
	 *
	 * @return ?array{since: string, moved: list<array{from: string, to: string, customers: int}>} null: it is not known
	 */
	public function movement(int $days): ?array {
		$found = $this->now('rfm_moved_' . $days);

		if (!isset($found[''])) {
			return null;
		}

		$since = (string)$found['']['amount'];
		unset($found['']);
		$moved = [];

		foreach ($found as $name => $row) {
			[$from, $to] = explode('>', (string)$name, 2);
			$moved[] = ['from' => $from, 'to' => $to, 'customers' => (int)$row['customers']];
		}

		usort($moved, static function (array $one, array $other): int {
			return $other['customers'] <=> $one['customers'] ?: [$one['from'], $one['to']] <=> [$other['from'], $other['to']];
		});

		return ['since' => $since, 'moved' => $moved];
	}
}
