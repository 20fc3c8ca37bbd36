<?php
namespace Opencart\System\Library\Extension\Sidecar;

/**
 * Runs and changes in words; for the page of activity.
 */
trait ActivityTelling {
	/**
	 * A run for people.
	 *
	 * @param array<string, mixed> $run as of `Activity::runs`
	 *
	 * @return array<string, mixed>
	 */
	protected function told(array $run): array {
		$words = $this->words();
		$rules = [];

		foreach ($run['rules'] as $rule) {
			$rules[] = ['name' => $this->rule($rule['kind'], $rule['name']), 'changes' => $this->number($rule['changes'])];
		}

		$changes = $this->counted($run['changes']);
		$customers = $this->number($run['changed']);
		$names = implode(', ', array_column($rules, 'name'));

		return [
			'run'        => (int)$run['run_id'],
			'state'      => $run['state'],
			'state_text' => $words['state_' . $run['state']] ?? $run['state'],
			'kind'       => $words['run_' . $run['kind']] ?? $run['kind'],
			'what'       => $run['undoes'] ? sprintf($words['why_undo'], $run['undoes']) : $words['what_' . preg_replace('/\W+/', '_', strtolower($run['what']))] ?? $run['what'],
			'actor'      => $run['actor'] === null ? $words['text_itself'] : Text::actor($run['actor']),
			'at'         => $this->at($run['started_at']),
			'finished'   => $this->at($run['finished_at']),
			'renewed'    => $this->at($run['renewed_at']),
			'decided'    => $this->at($run['decided_at']),
			'decided_by' => Text::actor($run['decided_by']),
			'undoes'     => (int)$run['undoes'],
			'looked'     => $this->number($run['customers']),
			'customers'  => $customers,
			'set_aside'  => (int)$run['set_aside'],
			'changes'    => $changes,
			'rules'      => $rules,
			'can_undo'   => $run['can_undo'],
			'href'       => $this->here('info', ['run' => $run['run_id']]),
			'planned'    => $this->here('planned'),
			'approve'    => sprintf($words['confirm_approve'], $run['run_id'], $customers, $changes ?: $words['text_nothing']),
			'discard'    => sprintf($words['confirm_discard'], $run['run_id'], $names ?: $words['text_none']),
			'undo'       => sprintf($words['confirm_undo'], $run['run_id'], $customers, $changes ?: $words['text_nothing']) . ($names ? ' ' . sprintf($words['confirm_held'], $names) : '')
		];
	}

	/** The name of a rule; the ladder as a whole has none of its own. */
	protected function rule(string $kind, string $name): string {
		return $kind === 'ladder' ? $this->words()['text_ladder'] : $name;
	}

	/**
	 * Changes in numbers, e.g. "116 tags added, 2 groups changed"; '' for none.
	 *
	 * @param array<string, int> $changes by kind
	 */
	protected function counted(array $changes): string {
		$words = $this->words();
		$told = [];

		foreach (array_filter($changes) as $kind => $number) {
			$told[] = sprintf($words[($number === 1 ? 'one_' : 'many_') . $kind], $this->number($number));
		}

		return implode(', ', $told);
	}

	/**
	 * A change for people.
	 *
	 * @param array<string, mixed> $change as of `Changes::page`
	 *
	 * @return array<string, mixed>
	 */
	protected function tell(array $change): array {
		$words = $this->words();
		$kind = $change['kind'];
		$why = $change['why'] === '' ? '' : $words['why_' . $change['why']];
		$detail = $change['detail'];

		if ($change['why'] === 'undo' || $change['why'] === 'group_undone') {
			$why = sprintf($words['why_undo'], $detail);
			$detail = '';
		}

		return [
			'at'     => $this->at($change['at']),
			'actor'  => $change['actor'] === null ? $words['text_itself'] : Text::actor($change['actor']),
			'kind'   => $words['kind_' . $kind],
			'name'   => $change['name'],
			'is_tag' => $kind === 'tag',
			'colour' => preg_match('/^#[0-9a-fA-F]{6}$/', $change['colour']) ? $change['colour'] : '',
			'before' => $this->value($kind, $change['before']),
			'after'  => $this->value($kind, $change['after']),
			'why'    => $why,
			'detail' => $detail,
			'run'    => $change['run'],
			'href'   => $change['run'] ? $this->here('info', ['run' => $change['run']]) : ''
		];
	}

	/** Whether somebody has something. */
	protected function yes(bool $has): string {
		return $this->words()[$has ? 'text_yes' : 'text_no'];
	}

	/**
	 * Customers as people may see them: with name and link only where they may see customers.
	 *
	 * @param list<int> $ids
	 *
	 * @return array<int, array{id: int, name: string, href: string}>
	 */
	protected function people(array $ids): array {
		$ids = array_values(array_unique(array_filter($ids)));
		$may = $this->maySee('customers');
		$names = $may && $ids ? (new Changes($this->database(), new Vocabulary($this->database(), 0)))->customers($ids) : [];
		$people = [];

		foreach ($ids as $id) {
			$people[$id] = [
				'id'   => $id,
				'name' => $names[$id] ?? '',
				'href' => isset($names[$id]) ? $this->link(Bridge::route('customers') . '.info', ['customer_id' => $id]) : ''
			];
		}

		return $people;
	}

	/**
	 * What came of a command about runs or rules.
	 *
	 * @param ?array<string, mixed> $found as of `Commands::find`
	 *
	 * @return array{kind: string, text: string, held: string, rest: list<array<string, mixed>>, more: int}
	 */
	protected function outcomeOf(?array $found): array {
		$words = $this->words();
		$answer = $found['answer'] ?? [];
		$outcome = ['kind' => 'success', 'text' => '', 'held' => '', 'rest' => [], 'more' => 0];

		switch ($found['name'] ?? '') {
			case 'run.approve':
				$outcome['kind'] = $answer['state'] === 'waiting' ? 'warning' : 'success';
				$outcome['text'] = sprintf($words['outcome_' . $answer['state']] ?? '', $answer['run'], $this->number($answer['customers']), $answer['state'] === 'waiting' ? $this->number($answer['was']) : $this->counted($answer['changes']));
				break;
			case 'run.discard':
				$outcome['text'] = sprintf($words['outcome_discarded'], $answer['run']);
				break;
			case 'run.undo':
				$outcome['text'] = sprintf($words['outcome_undone'], $answer['run'], $this->number($answer['changes']), $this->number($answer['customers']));
				$outcome['rest'] = $answer['rest'];
				$outcome['more'] = max(0, $answer['rest_total'] - count($answer['rest']));
				break;
			case 'rule.resume':
				$outcome['text'] = sprintf($words['outcome_resumed'], $this->rule($answer['kind'], $answer['name']));
				break;
			case 'loyalty.start':
				$outcome['text'] = $words['outcome_begun'];
				break;
		}

		if (!empty($answer['held'])) {
			$outcome['held'] = sprintf($words['outcome_held'], implode(', ', array_map(function (string $name): string {
				return $this->rule($name === 'ladder' ? 'ladder' : 'tag', $name);
			}, $answer['held'])));
		}

		return $outcome;
	}

	private function value(string $kind, string $value): string {
		if ($value === 'yes' || $value === 'no') {
			return in_array($kind, ['tag', 'segment'], true) ? $this->yes($value === 'yes') : $value;
		}

		if ($value !== '' && $kind === 'points') {
			return ((int)$value > 0 ? '+' : '') . $this->number($value);
		}

		if ($value !== '' && $kind === 'credit') {
			return ((int)$value > 0 ? '+' : '') . $this->money($value);
		}

		return $kind === 'privacy' ? $this->words()['act_' . str_replace(' ', '_', $value)] ?? $value : $value;
	}
}
