<?php
namespace Opencart\System\Library\Extension\Sidecar;

/**
 * Which customers a person wants to see: what a URL says, read once.
 *
 * What cannot be read is left out; what names something that is not there finds nobody, so that
 * nobody acts on everybody by an old link.
 */
class CustomerFilter {
	/** What a URL may say. */
	public const KEYS = [
		'search', 'segment', 'tags_all', 'tags_any', 'tags_none', 'spent_from', 'spent_to', 'orders_from', 'orders_to',
		'last_from', 'last_to', 'registered_from', 'registered_to', 'group', 'status', 'selection', 'location'
	];

	/** What the daemon found: by an expression that a person wrote, and by where customers live. */
	public const SELECTIONS = ['selection', 'location'];

	/** Columns of ranges with the fact of each. */
	public const RANGES = [
		'spent'      => ['total_spent', 'total_spent'],
		'orders'     => ['orders', 'orders'],
		'last'       => ['last_order_at', 'last_order'],
		'registered' => ['registered_at', 'registered']
	];

	/** Words of a search that count, and characters of each. */
	private const WORDS = 6;
	private const LONGEST = 96;

	/** @var list<string> each the beginning of a name, e-mail address or telephone number */
	public array $search = [];

	/** A segment's id; 0: any. */
	public int $segment = 0;

	/** @var array{all: list<int>, any: list<int>, none: list<int>} ids of tags */
	public array $tags = ['all' => [], 'any' => [], 'none' => []];

	/** @var array<string, array{0: ?int, 1: ?int}> by key of RANGES: from, and to, both included */
	public array $ranges = [];

	/** A customer group's id; 0: any. */
	public int $group = 0;

	/** null: any. */
	public ?bool $status = null;

	/** @var array<string, int> numbers of selections by SELECTIONS */
	public array $selections = [];

	/** Something is asked for that is not there. */
	public bool $nobody = false;

	/** @var array<string, string> what was read, as a URL says it */
	private array $query = [];

	private Vocabulary $vocabulary;

	/**
	 * @param array<string, string> $query plain text by KEYS
	 */
	public function __construct(array $query, Vocabulary $vocabulary) {
		$this->vocabulary = $vocabulary;
		$text = (string)preg_replace('/[\p{Cc}\p{Z}\s]+/u', ' ', mb_scrub($query['search'] ?? '', 'UTF-8'));

		foreach (array_slice(array_filter(explode(' ', $text), 'strlen'), 0, self::WORDS) as $word) {
			$this->search[] = mb_substr($word, 0, self::LONGEST);
		}

		$this->keep('search', implode(' ', $this->search));
		$this->segment = $this->known('segment', $query, $vocabulary->segments());
		$this->group = $this->known('group', $query, $vocabulary->groups());

		foreach (['all', 'any', 'none'] as $how) {
			foreach (array_slice(array_unique(explode(',', $query['tags_' . $how] ?? '')), 0, 50) as $id) {
				if (ctype_digit($id)) {
					$this->tags[$how][] = (int)$id;
					$this->nobody = $this->nobody || !isset($vocabulary->tags()[(int)$id]);
				}
			}

			$this->keep('tags_' . $how, implode(',', $this->tags[$how]));
		}

		foreach (array_keys(self::RANGES) as $name) {
			$from = $this->bound($name, $query[$name . '_from'] ?? '', false);
			$to = $this->bound($name, $query[$name . '_to'] ?? '', true);

			if ($from !== null || $to !== null) {
				$this->ranges[$name] = [$from, $to];
			}

			$this->keep($name . '_from', $from === null ? '' : trim($query[$name . '_from']));
			$this->keep($name . '_to', $to === null ? '' : trim($query[$name . '_to']));
		}

		if (in_array($query['status'] ?? '', ['0', '1'], true)) {
			$this->status = $query['status'] === '1';
			$this->keep('status', $query['status']);
		}

		foreach (self::SELECTIONS as $key) {
			if (ctype_digit($query[$key] ?? '') && strlen($query[$key]) < 19 && (int)$query[$key] > 0) {
				$this->selections[$key] = (int)$query[$key];
				$this->keep($key, $query[$key]);
			}
		}
	}

	/**
	 * The same for a URL; only what says something.
	 *
	 * @return array<string, string>
	 */
	public function query(): array {
		return $this->query;
	}

	/** What only this filter says and no other, for a total that was counted before: a tag or a segment. */
	public function single(): ?array {
		$keys = array_keys($this->query);

		if ($keys === ['segment']) {
			return $this->vocabulary->segments()[$this->segment] ?? null;
		}

		foreach (['all', 'any'] as $how) {
			if ($keys === ['tags_' . $how] && count($this->tags[$how]) === 1) {
				return $this->vocabulary->tags()[$this->tags[$how][0]] ?? null;
			}
		}

		return null;
	}

	/**
	 * The same as an expression of the rules language.
	 *
	 * @param array<string, string> $selected the expressions behind `selections`; '' where one is not known
	 *
	 * @return string '' where it cannot be said
	 */
	public function expression(array $selected = []): string {
		if ($this->nobody) {
			return '';
		}

		$parts = [];

		foreach (array_keys($this->selections) as $key) {
			if (($selected[$key] ?? '') === '') {
				return '';
			}

			$parts[] = count($this->query) === 1 ? $selected[$key] : '(' . $selected[$key] . ')';
		}

		if ($this->segment) {
			$parts[] = 'in segment ' . self::quoted($this->vocabulary->segments()[$this->segment]['name']);
		}

		foreach ($this->tags['all'] as $tag_id) {
			$parts[] = 'tags has ' . self::quoted($this->vocabulary->tags()[$tag_id]['name']);
		}

		if ($this->tags['any']) {
			$parts[] = $this->any($this->tags['any']);
		}

		if ($this->tags['none']) {
			$parts[] = 'not (' . $this->any($this->tags['none']) . ')';
		}

		foreach ($this->ranges as $name => [$from, $to]) {
			$parts[] = $this->said($name, $from, $to);
		}

		if ($this->group) {
			$name = $this->vocabulary->groups()[$this->group];
			$same = array_keys($this->vocabulary->groups(), $name, true);
			$parts[] = 'group = ' . self::quoted(count($same) === 1 && $name !== '' && $name[0] !== '#' ? $name : '#' . $this->group);
		}

		if ($this->status !== null) {
			$parts[] = $this->status ? 'status' : 'not status';
		}

		foreach ($this->search as $word) {
			$quoted = self::quoted($word);
			$parts[] = "(first_name starts with $quoted or last_name starts with $quoted or email starts with $quoted or telephone starts with $quoted)";
		}

		return $parts ? implode(' and ', $parts) : 'orders >= 0';
	}

	/** A text as the rules language quotes it. */
	public static function quoted(string $text): string {
		return '"' . addcslashes($text, '"\\') . '"';
	}

	/** @param list<int> $tag_ids */
	private function any(array $tag_ids): string {
		$names = array_map(function (int $tag_id): string {
			return self::quoted($this->vocabulary->tags()[$tag_id]['name']);
		}, $tag_ids);

		return count($names) === 1 ? 'tags has ' . $names[0] : 'tags has any of (' . implode(', ', $names) . ')';
	}

	/** A range in the words of the language; its days are those of the store. */
	private function said(string $name, ?int $from, ?int $to): string {
		$fact = self::RANGES[$name][1];

		if ($name === 'last' || $name === 'registered') {
			// `after` and `before` leave the day itself out.
			$bounds = [
				$from === null ? '' : $fact . ' after ' . date('Y-m-d', (int)strtotime('-12 hours', $from)),
				$to === null ? '' : $fact . ' before ' . date('Y-m-d', $to + 1)
			];

			return implode(' and ', array_filter($bounds));
		}

		$number = static function (int $value) use ($name): string {
			return $name === 'spent' ? self::decimal($value) : (string)$value;
		};

		if ($from !== null && $to !== null) {
			return $from <= $to ? $fact . ' between ' . $number($from) . ' and ' . $number($to) : $fact . ' >= ' . $number($from) . ' and ' . $fact . ' <= ' . $number($to);
		}

		return $from !== null ? $fact . ' >= ' . $number($from) : $fact . ' <= ' . $number((int)$to);
	}

	/** Ten-thousandths without floats: 12500 is '1.25'. */
	private static function decimal(int $parts): string {
		$whole = intdiv(abs($parts), 10000);
		$rest = rtrim(sprintf('%04d', abs($parts) % 10000), '0');

		return ($parts < 0 ? '-' : '') . $whole . ($rest === '' ? '' : '.' . $rest);
	}

	/** One end of a range as the column holds it; null: not said, or nothing that can be read. */
	private function bound(string $name, string $text, bool $is_end): ?int {
		$text = trim($text);

		if ($name === 'spent') {
			if (!preg_match('/^(-?)([0-9]{1,11})(?:\.([0-9]{1,4}))?$/D', $text, $found)) {
				return null;
			}

			$parts = (int)$found[2] * 10000 + (int)str_pad($found[3] ?? '', 4, '0');

			return $found[1] ? -$parts : $parts;
		}

		if ($name === 'orders') {
			return preg_match('/^[0-9]{1,9}$/D', $text) ? (int)$text : null;
		}

		if (!preg_match('/^(19|2[0-9])[0-9]{2}-([0-9]{2})-([0-9]{2})$/D', $text) || !checkdate((int)substr($text, 5, 2), (int)substr($text, 8), (int)substr($text, 0, 4))) {
			return null;
		}

		return (int)strtotime($text . ' 00:00:00' . ($is_end ? ' +1 day' : '')) - ($is_end ? 1 : 0);
	}

	/**
	 * An id in the URL.
	 *
	 * @param array<string, string> $query
	 * @param array<int, mixed>     $known
	 */
	private function known(string $key, array $query, array $known): int {
		$text = $query[$key] ?? '';

		if (!ctype_digit($text) || strlen($text) > 10 || (int)$text === 0) {
			return 0;
		}

		$this->nobody = $this->nobody || !isset($known[(int)$text]);
		$this->keep($key, $text);

		return (int)$text;
	}

	private function keep(string $key, string $value): void {
		if ($value !== '') {
			$this->query[$key] = $value;
		}
	}
}
