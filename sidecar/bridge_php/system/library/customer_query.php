<?php
namespace Opencart\System\Library\Extension\Sidecar;

/**
 * The statements behind a list of customers, fast also where there are a million.
 *
 * There are two ways to a page, and the server cannot choose between them: go through an index in
 * the order of the list until the page is full, or take the few customers that one of the
 * conditions leaves and sort them. Counts that are kept, or taken up to FEW, say which is cheaper;
 * all conditions are checked either way.
 */
class CustomerQuery {
	/** Orders of a list: the index of each, and its columns before customer_id. */
	public const SORTS = [
		'name'       => ['sidecar_name', ['c.`firstname`', 'c.`lastname`']],
		'spent'      => ['list_spent', ['s.`total_spent`']],
		'orders'     => ['list_orders', ['s.`orders`']],
		'last'       => ['list_last', ['s.`last_order_at`']],
		'registered' => ['list_registered', ['s.`registered_at`']]
	];

	/** Customers that are sorted rather than searched for, and up to which is counted. */
	public const FEW = 10000;

	/** Bits of words that stand in the indexes of lists. */
	private const TAGS_INDEXED = 128;
	private const SEGMENTS_INDEXED = 64;

	/** Microseconds a row, as measured: going through an index, looking into a row, sorting one. */
	private const STEP = 0.2;
	private const LOOK = 1.2;
	private const FETCH = 2.6;

	private Database $database;
	private Vocabulary $vocabulary;
	private CustomerFilter $filter;

	/** @var list<string> */
	private array $conditions = [];

	/** @var list<mixed> values of the conditions */
	private array $values = [];

	private string $joins = '';

	/** @var list<mixed> values of the joins */
	private array $joined = [];

	/** The store's row is asked for, a selection, or what stands in no index of a list. */
	private bool $needs_customer = false;
	private bool $needs_row = false;

	/** @var ?list<string> indexes of ours on the store's customers */
	private ?array $keys = null;

	/** @var array{0: ?array{sql: string, values: list<mixed>, rows: int}, 1: float}|null the way by few, and the share that is left */
	private ?array $narrowest = null;

	public function __construct(Database $database, Vocabulary $vocabulary, CustomerFilter $filter) {
		$this->database = $database;
		$this->vocabulary = $vocabulary;
		$this->filter = $filter;
		$this->ask();
	}

	/**
	 * The ids of a page.
	 *
	 * @return array{0: string, 1: list<mixed>} statement and values
	 */
	public function page(string $sort, bool $descending, int $offset, int $limit): array {
		[$index, $columns] = self::SORTS[$sort];
		$direction = $descending ? ' DESC' : '';
		$order = ' ORDER BY ' . implode(', ', array_map(static function (string $column) use ($direction): string {
			return $column . $direction;
		}, array_merge($columns, [$sort === 'name' ? 'c.`customer_id`' : 's.`customer_id`'])));
		[$from, $values] = $this->from($index, $sort === 'name', $offset + $limit);

		return ['SELECT s.`customer_id` FROM ' . $from . $this->where() . $order . ' LIMIT ? OFFSET ?', array_merge($values, $this->values, [$limit, $offset])];
	}

	/**
	 * How many customers there are, counted up to one more than FEW.
	 *
	 * @return array{0: string, 1: list<mixed>} statement and values
	 */
	public function total(): array {
		[$from, $values] = $this->from('list_spent', false, self::FEW + 1);

		return ['SELECT COUNT(*) FROM (SELECT s.`customer_id` FROM ' . $from . $this->where() . ' LIMIT ?) found', array_merge($values, $this->values, [self::FEW + 1])];
	}

	// -- the conditions ----------------------------------------------------------------------

	private function ask(): void {
		$filter = $this->filter;

		if ($filter->nobody) {
			$this->conditions[] = '1 = 0';

			return;
		}

		foreach ($filter->tags['all'] as $tag_id) {
			$this->tag([$tag_id], ' = 1', ' AND ');
		}

		$this->tag($filter->tags['any'], ' = 1', ' OR ');
		$this->tag($filter->tags['none'], ' = 0', ' AND ');

		if ($filter->segment) {
			$slot = $this->vocabulary->segments()[$filter->segment]['slot'];
			$this->conditions[] = $this->bit('segments', $slot, self::SEGMENTS_INDEXED) . ' = 1';
		}

		foreach ($filter->ranges as $name => [$from, $to]) {
			$this->range('s.`' . CustomerFilter::RANGES[$name][0] . '`', $from, $to);
		}

		if ($filter->group) {
			$this->customer('c.`customer_group_id` = ?', [$filter->group]);
		}

		if ($filter->status !== null) {
			// Columns may be NULL in OpenCart 4.1.
			$this->customer($filter->status ? 'c.`status` = 1' : 'COALESCE(c.`status`, 0) <> 1', []);
		}

		foreach ($filter->search as $word) {
			$parts = array_map(static function (string $column): string {
				return "c.`$column` LIKE ?";
			}, ['firstname', 'lastname', 'email', 'telephone']);
			$this->customer('(' . implode(' OR ', $parts) . ')', array_fill(0, 4, self::beginning($word)));
		}

		if ($filter->selection) {
			$this->needs_row = true;
			$this->joins = ' STRAIGHT_JOIN {sidecar_selection} x ON (x.`selection_id` = ? AND x.`customer_id` = s.`customer_id`)';
			$this->joined[] = $filter->selection;
		}
	}

	/** @param list<int> $tag_ids */
	private function tag(array $tag_ids, string $is, string $joined): void {
		$parts = array_map(function (int $tag_id) use ($is): string {
			return $this->bit('tags', $this->vocabulary->tags()[$tag_id]['slot'], self::TAGS_INDEXED) . $is;
		}, $tag_ids);

		if ($parts) {
			$this->conditions[] = '(' . implode($joined, $parts) . ')';
		}
	}

	/** A bit of the words: 0 or 1. By shifting, as PHP has no whole number for the 64th. */
	private function bit(string $words, int $slot, int $indexed): string {
		$this->needs_row = $this->needs_row || $slot >= $indexed;

		return sprintf('COALESCE(s.`%s%d`, 0) >> %d & 1', $words, intdiv($slot, 64), $slot % 64);
	}

	private function range(string $column, ?int $from, ?int $to): void {
		foreach (['>=' => $from, '<=' => $to] as $operator => $bound) {
			if ($bound !== null) {
				$this->conditions[] = $column . ' ' . $operator . ' ?';
				$this->values[] = $bound;
			}
		}
	}

	/** @param list<mixed> $values */
	private function customer(string $condition, array $values): void {
		$this->needs_customer = true;
		$this->conditions[] = $condition;
		array_push($this->values, ...$values);
	}

	private function where(): string {
		return $this->conditions ? ' WHERE ' . implode(' AND ', $this->conditions) : '';
	}

	/** What begins with a word, as the store keeps texts. */
	private static function beginning(string $word): string {
		return addcslashes(Text::stored($word), '\\%_') . '%';
	}

	// -- the way -----------------------------------------------------------------------------

	/**
	 * Where to begin, and in which order to go on.
	 *
	 * @return array{0: string, 1: list<mixed>}
	 */
	private function from(string $index, bool $by_name, int $wanted): array {
		$joined = $this->needs_customer || $by_name;
		[$few, $share] = $this->narrowest();

		$to_customer = $joined ? ' STRAIGHT_JOIN {customer} c ON (c.`customer_id` = s.`customer_id`)' : '';

		if ($few) {
			$customers = max(1, $this->vocabulary->customers());
			$searched = min($customers, $wanted / max($share, 1 / $customers));
			$step = self::STEP + ($this->needs_row ? self::LOOK : 0) + ($joined ? self::LOOK : 0);

			if ($few['rows'] <= self::FEW || $few['rows'] * self::FETCH < $searched * $step) {
				$from = '(' . $few['sql'] . ') few STRAIGHT_JOIN {sidecar_customer} s ON (s.`customer_id` = few.`customer_id`)' . $to_customer;

				return [$from . $this->joins, array_merge($few['values'], $this->joined)];
			}
		}

		if ($by_name) {
			$from = '{customer} c' . ($this->has($index) ? ' FORCE INDEX (`' . $index . '`)' : '') . ' STRAIGHT_JOIN {sidecar_customer} s ON (s.`customer_id` = c.`customer_id`)';
		} else {
			$from = '{sidecar_customer} s FORCE INDEX (`' . $index . '`)' . $to_customer;
		}

		return [$from . $this->joins, $this->joined];
	}

	/**
	 * The condition that leaves the fewest customers, as a statement that names them and perhaps
	 * others; and the share of all that the conditions together may leave, as if they had nothing
	 * to do with each other.
	 *
	 * @return array{0: ?array{sql: string, values: list<mixed>, rows: int}, 1: float}
	 */
	private function narrowest(): array {
		if ($this->narrowest === null) {
			$customers = max(1, $this->vocabulary->customers());
			$few = null;
			$share = 1.0;

			foreach ($this->ways() as $way) {
				$share *= min(1.0, max($way['rows'], 1) / $customers);

				if ($way['sql'] !== '' && (!$few || $way['rows'] < $few['rows'])) {
					$few = $way;
				}
			}

			$this->narrowest = [$few, $share];
		}

		return $this->narrowest;
	}

	/**
	 * @return list<array{sql: string, values: list<mixed>, rows: int}> sql: '' where there is no way by it
	 */
	private function ways(): array {
		$filter = $this->filter;
		$ways = [];

		if ($filter->nobody) {
			return [];
		}

		foreach ($filter->tags['all'] as $tag_id) {
			$ways[] = $this->by_tags([$tag_id]);
		}

		if ($filter->tags['any']) {
			$ways[] = $this->by_tags($filter->tags['any']);
		}

		if ($filter->segment) {
			$segment = $this->vocabulary->segments()[$filter->segment];
			$ways[] = [
				'sql'    => $segment['listed'] ? 'SELECT `customer_id` FROM {sidecar_member} WHERE `segment_id` = ?' : '',
				'values' => $segment['listed'] ? [$filter->segment] : [],
				'rows'   => $segment['customers']
			];
		}

		foreach ($filter->ranges as $name => [$from, $to]) {
			$column = CustomerFilter::RANGES[$name][0];
			$parts = array_filter([$from === null ? '' : "`$column` >= ?", $to === null ? '' : "`$column` <= ?"]);
			$bounds = array_values(array_filter([$from, $to], 'is_int'));
			$ways[] = $this->counted('SELECT `customer_id` FROM {sidecar_customer} FORCE INDEX (`list_' . $name . '`) WHERE ' . implode(' AND ', $parts), $bounds);
		}

		if ($filter->group && $this->has('sidecar_group')) {
			$ways[] = $this->counted('SELECT `customer_id` FROM {customer} FORCE INDEX (`sidecar_group`) WHERE `customer_group_id` = ?', [$filter->group]);
		}

		if ($filter->status !== null && $this->has('sidecar_status')) {
			$ways[] = $this->counted('SELECT `customer_id` FROM {customer} FORCE INDEX (`sidecar_status`) WHERE ' . ($filter->status ? '`status` = 1' : '(`status` IS NULL OR `status` < 1 OR `status` > 1)'), []);
		}

		foreach ($filter->search as $word) {
			$ways[] = $this->by_word($word);
		}

		if ($filter->selection) {
			$ways[] = $this->counted('SELECT `customer_id` FROM {sidecar_selection} WHERE `selection_id` = ?', [$filter->selection]);
		}

		return $ways;
	}

	/**
	 * @param list<int> $tag_ids
	 *
	 * @return array{sql: string, values: list<mixed>, rows: int}
	 */
	private function by_tags(array $tag_ids): array {
		$rows = 0;

		foreach ($tag_ids as $tag_id) {
			$rows += $this->vocabulary->tags()[$tag_id]['customers'];
		}

		return ['sql' => 'SELECT DISTINCT `customer_id` FROM {sidecar_assertion} FORCE INDEX (`tag`) WHERE `tag_id` IN (?)', 'values' => [$tag_ids], 'rows' => $rows];
	}

	/**
	 * @return array{sql: string, values: list<mixed>, rows: int}
	 */
	private function by_word(string $word): array {
		$parts = [];
		$rows = 0;

		foreach (['firstname' => 'sidecar_name', 'lastname' => 'sidecar_lastname', 'email' => '', 'telephone' => 'sidecar_telephone'] as $column => $index) {
			if ($index !== '' && !$this->has($index)) {
				return ['sql' => '', 'values' => [], 'rows' => self::FEW];
			}

			$part = 'SELECT `customer_id` FROM {customer}' . ($index === '' ? '' : " FORCE INDEX (`$index`)") . " WHERE `$column` LIKE ?";
			$rows += $this->counted($part, [self::beginning($word)])['rows'];
			$parts[] = $part;

			if ($rows > self::FEW) {
				return ['sql' => '', 'values' => [], 'rows' => $rows];
			}
		}

		return ['sql' => implode(' UNION ', $parts), 'values' => array_fill(0, 4, self::beginning($word)), 'rows' => $rows];
	}

	/**
	 * A way whose customers are counted, up to one more than FEW; then it is none.
	 *
	 * @param list<mixed> $values
	 *
	 * @return array{sql: string, values: list<mixed>, rows: int}
	 */
	private function counted(string $sql, array $values): array {
		$rows = (int)$this->database->value('SELECT COUNT(*) FROM (' . $sql . ' LIMIT ?) few', array_merge($values, [self::FEW + 1]));

		return $rows <= self::FEW ? ['sql' => $sql, 'values' => $values, 'rows' => $rows] : ['sql' => '', 'values' => [], 'rows' => $rows];
	}

	/** Whether an index of ours is there; OpenCart's upgrade drops them. */
	private function has(string $index): bool {
		if ($this->keys === null) {
			$this->keys = array_column($this->database->rows("SHOW INDEX FROM {customer} WHERE `Key_name` LIKE 'sidecar%'"), 'Key_name');
		}

		return in_array($index, $this->keys, true);
	}
}
