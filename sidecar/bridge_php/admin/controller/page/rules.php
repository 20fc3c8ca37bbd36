<?php
namespace Opencart\Admin\Controller\Extension\Sidecar\Page;

use Opencart\System\Library\Extension\Sidecar\ActivityTelling;
use Opencart\System\Library\Extension\Sidecar\Bridge;
use Opencart\System\Library\Extension\Sidecar\Daemon;
use Opencart\System\Library\Extension\Sidecar\Page;
use Opencart\System\Library\Extension\Sidecar\RuleEditing;
use Opencart\System\Library\Extension\Sidecar\RuleList;
use Opencart\System\Library\Extension\Sidecar\SegmentHistory;
use Opencart\System\Library\Extension\Sidecar\Status;

/**
 * The rules and how they are, one rule, and writing one.
 */
class Rules extends Page {
	use ActivityTelling;
	use RuleEditing;

	protected const NAME = 'rules';

	/** Days of a size's history in the list, and of one rule. */
	private const DAYS = 30;
	private const ALL_DAYS = 365;

	/** The list. */
	public function index(): void {
		$has_tables = $this->hasTables();
		$buttons = $has_tables && $this->mayAct() ? $this->view('rules_buttons', ['new' => $this->here('edit')]) : '';
		$this->show('rules', [
			'buttons' => $buttons,
			'list'    => $this->here('rows'),
			'rows'    => $has_tables ? $this->view('rules_list', $this->listed()) : '',
			'order'   => $this->here('rungs'),
			'rungs'   => $this->rungsHtml(),
			'says'    => $this->here('says'),
			'last'    => $has_tables ? $this->lastPass() : '',
			'scripts' => ['javascript/panels.js', 'javascript/spark.js', 'javascript/rungs.js']
		]);
	}

	/** The rules as our tables tell them, as a piece. */
	public function rows(): void {
		$this->piece('rules_list', $this->listed());
	}

	/** The order of the rungs that are made in the admin, as a piece. */
	public function rungs(): void {
		$this->response->setOutput($this->rungsHtml());
	}

	/** One rule: GET kind, name. */
	public function info(): void {
		$rule = $this->hasTables() ? $this->found() : null;

		if (!$rule) {
			$this->show('nothing', ['text' => $this->hasTables() ? 'text_gone' : 'text_no_tables']);

			return;
		}

		$which = ['kind' => $rule['kind'], 'name' => $rule['name']];
		$is_one = in_array($rule['kind'], ['tag', 'segment', 'group'], true);
		$this->show('rules_info', [
			'head'    => $this->view('rules_head', ['rule' => $this->shownRule($rule)]),
			'refresh' => $this->here('head', $which),
			'says'    => $this->here('says', $which),
			'uses'    => $is_one ? $this->here('uses', $which) : '',
			'kind'    => $rule['kind'],
			'name'    => $rule['name'],
			'chart'   => $this->chart($rule),
			'changes' => $this->view('rules_changes', $this->changesOf($rule)),
			'scripts' => ['javascript/panels.js', 'javascript/chart.js']
		], [$this->called($rule) => $this->here('info', $which)]);
	}

	/** How one rule is, as a piece: GET kind, name. */
	public function head(): void {
		$rule = $this->found();
		$this->piece($rule ? 'rules_head' : 'nothing', $rule ? ['rule' => $this->shownRule($rule)] : ['text' => 'text_gone']);
	}

	/** What the rules say, as a piece: GET command, a rule.list; perhaps kind and name of one. */
	public function says(): void {
		$words = $this->words();
		$kind = $this->get('kind');
		$name = $this->get('name');
		$rules = [];

		foreach ($this->answered('rule.list')['rules'] ?? [] as $rule) {
			$is_of = $kind === 'ladder' ? $rule['kind'] === 'group' : $rule['kind'] === $kind && mb_strtolower($rule['name']) === mb_strtolower($name);

			if ($kind !== '' && !$is_of) {
				continue;
			}

			$rules[] = [
				'kind'     => $words['kind_' . $rule['kind']] ?? $rule['kind'],
				'name'     => $rule['name'],
				'origin'   => $words['origin_' . $rule['origin']] ?? $rule['origin'],
				'place'    => $rule['origin'] === 'file' && $rule['file'] !== '' ? $rule['file'] . ':' . $rule['line'] : '',
				'state'    => $rule['state'] === null ? '' : $words['state_' . $rule['state']] ?? $rule['state'],
				'sentence' => (string)$rule['sentence'],
				'text'     => (string)$rule['text'],
				'off'      => (string)$rule['off'],
				'href'     => in_array($rule['kind'], ['tag', 'segment'], true) ? $this->here('info', ['kind' => $rule['kind'], 'name' => $rule['name']]) : ''
			];
		}

		$this->piece($kind === '' ? 'rules_say' : 'rules_says', ['rules' => $rules]);
	}

	/** What depends on a rule, as a piece: GET kind, name, and command, a rule.uses. */
	public function uses(): void {
		$words = $this->words();
		$told = $this->answered('rule.uses');
		$rule = $this->found();
		$used_by = [];

		foreach ($told['used_by'] ?? [] as $one) {
			$used_by[] = [
				'kind' => $words['kind_' . $one['kind']] ?? $one['kind'],
				'name' => $one['name'],
				'text' => $one['text'],
				'href' => in_array($one['kind'], ['tag', 'segment'], true) ? $this->here('info', ['kind' => $one['kind'], 'name' => $one['name']]) : ''
			];
		}

		$this->piece('rules_uses', [
			'known'    => $told !== null,
			'used_by'  => $used_by,
			'refused'  => $told['refused'] ?? [],
			'rule'     => $rule ? $this->shownRule($rule) : null,
			'may_drop' => $rule && $rule['definition'] !== null && $this->mayAct()
		]);
	}

	protected function hasTables(): bool {
		return !in_array($this->place()['daemon']['state'], ['tables', 'older'], true);
	}

	/**
	 * The rule that the URL names.
	 *
	 * @return ?array<string, mixed> as of `RuleList::find`
	 */
	protected function found(): ?array {
		return (new RuleList($this->database()))->find($this->get('kind'), $this->get('name'));
	}

	/**
	 * What the command that the URL names answered.
	 *
	 * @return ?array<string, mixed> null: it is no *name* of this person, or has no answer
	 */
	protected function answered(string $name): ?array {
		$found = $this->commands()->find((int)$this->get('command'), $this->actor());

		return $found && $found['name'] === $name && is_array($found['answer']) ? $found['answer'] : null;
	}

	/**
	 * @return array<string, mixed>
	 */
	private function listed(): array {
		$found = (new RuleList($this->database()))->rules();
		$sizes = (new SegmentHistory($this->database()))->sizes(array_values(array_filter(array_map(static function (array $rule): int {
			return $rule['kind'] === 'segment' ? $rule['id'] : 0;
		}, $found))), self::DAYS);
		$rules = [];

		foreach ($found as $rule) {
			$history = $rule['kind'] === 'segment' ? $sizes[$rule['id']] ?? [] : [];
			$rules[] = $this->shownRule($rule) + ['history' => count($history) > 1 ? array_values($history) : []];
		}

		$said = Daemon::read($this->database(), ['daemon'])['daemon'] ?? [];
		$status = new Status($this->database());
		$about = array_filter($status->findings('rule'), static function (array $finding): bool {
			// Said in the line of its rule.
			return $finding['kind'] !== RuleList::OFF;
		});

		return [
			'rules'    => $rules,
			'invalid'  => (string)($said['reload_error'] ?? ''),
			'findings' => array_merge($about, $status->findings('ladder'))
		];
	}

	/** When the last full pass began; '' for never. */
	private function lastPass(): string {
		$last = Daemon::read($this->database(), ['last_full_pass'])['last_full_pass'] ?? null;

		return $last === null ? '' : $this->at((string)$last);
	}

	/** Rungs made in the admin in their order, as HTML. */
	private function rungsHtml(): string {
		$rules = $this->hasTables() ? (new RuleList($this->database()))->rules() : [];
		$rungs = array_filter($rules, static function (array $rule): bool {
			return $rule['kind'] === 'group';
		});

		return $this->view('rules_rungs', ['rungs' => array_column($rungs, 'name')]);
	}

	/**
	 * A rule for people.
	 *
	 * @param array<string, mixed> $rule as of `RuleList::rules`
	 *
	 * @return array<string, mixed>
	 */
	private function shownRule(array $rule): array {
		$words = $this->words();
		$which = ['kind' => $rule['kind'], 'name' => $rule['name']];
		$is_made = $rule['definition'] !== null;
		$shown = [
			'key'       => $rule['kind'],
			'kind'      => $words['kind_' . $rule['kind']],
			'raw'       => $rule['name'],
			'name'      => $this->called($rule),
			'origin'    => $rule['origin'] === '' ? '' : $words['origin_' . $rule['origin']],
			'from'      => $rule['origin'],
			'state'     => $rule['state'],
			'off'       => $rule['off'],
			'customers' => $rule['customers'] === null ? '' : $this->number($rule['customers']),
			'members'   => $rule['customers'] === null ? '' : $this->members($rule),
			'run'       => $rule['run'],
			'href'      => $rule['run'] && $this->maySee('activity') ? $this->link(Bridge::route('activity') . '.info', ['run' => $rule['run']]) : '',
			'info'      => $this->here('info', $which),
			'edit'      => $is_made && $this->mayAct() ? $this->here('edit', $which) : '',
			'actor'     => $is_made ? $rule['actor'] : '',
			'changed'   => $rule['changed_at'] === null ? '' : $this->at((string)$rule['changed_at'])
		];

		return $shown + ['standing' => $this->view('rules_state', ['rule' => $shown])];
	}

	/**
	 * The language files of this page.
	 *
	 * @return list<string>
	 */
	protected function files(): array {
		return ['sidecar', 'page/facts', 'page/customer', 'page/activity', 'page/rules'];
	}

	/** What a rule is called. */
	private function called(array $rule): string {
		return $rule['kind'] === 'ladder' ? $this->words()['text_ladder'] : $rule['name'];
	}

	/** Where the customers of a rule are listed; '' where that cannot be. */
	private function members(array $rule): string {
		$filter = ['segment' => 'segment', 'tag' => 'tags_all'][$rule['kind']] ?? '';

		return $filter !== '' && $rule['id'] && $this->maySee('customers') ? $this->link(Bridge::route('customers'), [$filter => $rule['id']]) : '';
	}

	/** The size of a segment from day to day, as a chart takes it; '' where there is nothing to draw. */
	private function chart(array $rule): string {
		$sizes = $rule['kind'] === 'segment' && $rule['id'] ? (new SegmentHistory($this->database()))->sizes([$rule['id']], self::ALL_DAYS)[$rule['id']] ?? [] : [];

		if (count($sizes) < 2) {
			return '';
		}

		$words = $this->words();
		$labels = array_map(static function (string $day) use ($words): string {
			return date($words['format_day'], (int)strtotime($day));
		}, array_keys($sizes));

		return (string)json_encode([
			'labels' => $labels,
			'axis'   => $words['column_day'],
			'series' => [['name' => $words['column_customers'], 'values' => array_values($sizes)]]
		], JSON_UNESCAPED_UNICODE);
	}

	/**
	 * @param array<string, mixed> $rule
	 *
	 * @return array<string, mixed>
	 */
	private function changesOf(array $rule): array {
		$found = $rule['kind'] === 'segment' && $rule['id'] ? (new SegmentHistory($this->database()))->changes($rule['id']) : [];
		$people = $this->people(array_column($found, 'customer_id'));
		$changes = [];

		foreach ($found as $change) {
			$changes[] = ['customer' => $people[$change['customer_id']], 'at' => $this->at($change['at']), 'entered' => $change['entered']];
		}

		return ['is_segment' => $rule['kind'] === 'segment', 'changes' => $changes];
	}
}
