<?php
namespace Opencart\System\Library\Extension\Sidecar;

/**
 * Writing a rule: the page, and what the sidecar says of a rule that is not saved yet; for the page
 * of rules.
 */
trait RuleEditing {
	/** A new rule, or one that was made in the admin: GET kind, name. */
	public function edit(): void {
		$rule = $this->get('name') === '' ? null : $this->found();
		$is_new = $this->get('name') === '';

		if (!$this->hasTables() || (!$is_new && !$rule)) {
			$this->show('nothing', ['text' => $this->hasTables() ? 'text_gone' : 'text_no_tables']);

			return;
		}

		$words = $this->words();
		$which = ['kind' => $this->get('kind'), 'name' => $this->get('name')];
		$title = $is_new ? $words['text_new'] : sprintf($words['text_edit'], $rule['name']);
		$kind = $rule ? $rule['kind'] : $which['kind'];
		$vocabulary = new Vocabulary($this->database(), (int)$this->config->get('config_language_id'));
		$this->show('rules_edit', [
			'is_new'   => $is_new,
			'editable' => $this->mayAct() && ($is_new || $rule['definition'] !== null),
			'kind'     => in_array($kind, ['tag', 'segment', 'group'], true) ? $kind : 'segment',
			'name'     => $rule ? $rule['name'] : '',
			'rule'     => ($rule['definition'] ?? null) ?: [],
			'was'      => (string)json_encode($rule ? $rule['was'] : '', JSON_UNESCAPED_UNICODE),
			'tags'     => array_column($vocabulary->tags(), 'name'),
			'groups'   => array_values(array_unique($vocabulary->groups())),
			'say'      => (string)json_encode($this->saidOfFacts($words), JSON_UNESCAPED_UNICODE),
			'tried'    => $this->here('tried'),
			'judged'   => $this->here('judged'),
			'planned'  => $this->here('planned'),
			'info'     => $this->here('info'),
			'list'     => $this->here(),
			'scripts'  => ['javascript/builder.js', 'javascript/expression.js', 'javascript/rule_editor.js']
		], [$title => $this->here('edit', $which)]);
	}

	/** How many a condition is true of, as a piece: GET command, a rule.try. */
	public function tried(): void {
		$told = $this->answered('rule.try');

		if (!$told) {
			$this->piece('nothing', ['text' => 'text_untold']);

			return;
		}

		$words = $this->words();
		$sample = array_map('intval', array_column($told['sample'], 'customer_id'));
		$people = $this->people(array_merge($sample, array_map('intval', array_column($told['misses'], 'customer_id'))));
		$misses = [];

		foreach ($told['misses'] as $miss) {
			$misses[] = ['customer' => $people[(int)$miss['customer_id']], 'lacks' => $miss['lacks']];
		}

		$this->piece('rules_tried', [
			'customers' => $this->number($told['customers']),
			'exact'     => (bool)$told['exact'],
			'between'   => sprintf($words['text_between'], $this->number($told['low']), $this->number($told['high'])),
			'looked'    => sprintf($words['text_looked'], $this->number($told['looked_at']), $this->number($told['of'])),
			'sample'    => array_map(static function (int $id) use ($people): array {
				return $people[$id];
			}, $sample),
			'misses'    => $misses,
			'warnings'  => $told['warnings']
		]);
	}

	/** Why a condition is true of a customer or not, as a piece: GET command, a rule.why. */
	public function judged(): void {
		$told = $this->answered('rule.why');

		if (!$told) {
			$this->piece('nothing', ['text' => 'text_untold']);

			return;
		}

		$shown = new Shown($this->words(), function (string $amount): string {
			return Text::plain($this->currency->format((float)$amount, $this->config->get('config_currency')));
		});
		$id = (int)$told['customer_id'];
		$this->piece('rules_judged', [
			'customer' => $this->people([$id])[$id],
			'holds'    => $told['holds'],
			'why_not'  => (string)$told['why_not'],
			'nearest'  => (string)($told['nearest']['text'] ?? ''),
			'tree'     => $told['tree'] ? $shown->tree($told['tree']) : []
		]);
	}

	/** What saving a rule would change, as a piece: GET command, a rule.plan. */
	public function planned(): void {
		$told = $this->answered('rule.plan');

		if (!$told) {
			$this->piece('nothing', ['text' => 'text_untold']);

			return;
		}

		$words = $this->words();
		$people = $this->people(array_map('intval', array_column($told['sample'], 'customer_id')));
		$steps = [];

		foreach ($told['sample'] as $step) {
			$is_group = $step['kind'] === 'group';
			$steps[] = [
				'customer' => $people[(int)$step['customer_id']],
				'what'     => $words['kind_' . $step['kind']] . ($is_group ? '' : ' ' . $step['name']),
				'before'   => $is_group ? (string)$step['before'] : $this->yes((bool)$step['before']),
				'after'    => $is_group ? (string)$step['after'] : $this->yes((bool)$step['after']),
				'why'      => $step['why']
			];
		}

		$rules = array_map(function (array $rule) use ($words): array {
			return ['kind' => $words['kind_' . $rule['kind']] ?? $rule['kind'], 'name' => $rule['kind'] === 'ladder' ? '' : $rule['name'], 'changes' => $this->number($rule['changes'])];
		}, $told['rules']);
		$waits = (string)$told['waits'];
		$this->piece('rules_planned', [
			'customers' => $this->number($told['customers']),
			'changes'   => $this->counted($told['changes']),
			'rules'     => count($rules) > 1 ? $rules : [],
			'steps'     => $steps,
			'rest'      => max(0, (int)array_sum($told['changes']) - count($steps)),
			'waits'     => $waits === '' ? '' : sprintf($words['waits_' . $waits], $this->number($told['run_customers']), $this->number($told['cap']))
		]);
	}

	/**
	 * What the builder calls facts and their values.
	 *
	 * @param array<string, string> $words
	 *
	 * @return array<string, string>
	 */
	private function saidOfFacts(array $words): array {
		return array_filter($words, static function (string $name): bool {
			return (bool)preg_match('/^(fact|area|value|unit)_/', $name);
		}, ARRAY_FILTER_USE_KEY);
	}
}
