<?php
namespace Opencart\Admin\Controller\Extension\Sidecar\Page;

use Opencart\System\Library\Extension\Sidecar\BadgeHtml;
use Opencart\System\Library\Extension\Sidecar\Bridge;
use Opencart\System\Library\Extension\Sidecar\Bulk;
use Opencart\System\Library\Extension\Sidecar\CustomerFilter;
use Opencart\System\Library\Extension\Sidecar\CustomerList;
use Opencart\System\Library\Extension\Sidecar\CustomerPage;
use Opencart\System\Library\Extension\Sidecar\CustomerQuery;
use Opencart\System\Library\Extension\Sidecar\Daemon;
use Opencart\System\Library\Extension\Sidecar\Page;
use Opencart\System\Library\Extension\Sidecar\Selection;
use Opencart\System\Library\Extension\Sidecar\Text;

/**
 * The list of customers, and one customer.
 */
class Customers extends Page {
	use CustomerPage;

	protected const NAME = 'customers';

	/** Segments that stand beside the list for themselves, where there are such. */
	private const QUICK = ['active accounts', 'inactive', 'high value', 'new', 'wholesale'];

	/** What is asked for more than the list holds. */
	private const LONGEST = 1500000;

	/** The page: GET as for `list`. */
	public function index(): void {
		if (in_array((new Daemon($this->database()))->state()['state'], ['tables', 'older'], true)) {
			$this->show('nothing', ['text' => 'text_no_tables']);

			return;
		}

		$names = $this->names();
		$quick = [];
		$more = [];

		foreach ($names->segments() as $segment) {
			$segment['count'] = $this->number($segment['customers']);

			if (in_array($segment['name'], self::QUICK, true)) {
				$quick[array_search($segment['name'], self::QUICK, true)] = ['label' => $this->words()['quick_' . str_replace(' ', '_', $segment['name'])]] + $segment;
			} elseif ($segment['name'] !== 'everyone') {
				$more[] = $segment;
			}
		}

		ksort($quick);
		$everyone = $names->everyone();
		$this->show('customers', [
			'rows'      => $this->rows(),
			'list'      => $this->here('list', $this->asked()),
			'preview'   => $this->here('preview'),
			'regions'   => $this->here('regions'),
			'run'       => $this->maySee('activity') ? $this->link(Bridge::route('activity') . '.info') : '',
			'everyone'  => $everyone === null ? '' : $this->number($everyone),
			'quick'     => $quick,
			'more'      => $more,
			'tags'      => $names->tags(),
			'groups'    => $names->groups(),
			'countries' => $this->countries(),
			'scripts'   => ['javascript/customers.js']
		]);
	}

	/**
	 * A page of the list, as a piece.
	 *
	 * GET what CustomerFilter::KEYS names; sort, order and page.
	 */
	public function list(): void {
		$this->response->setOutput($this->rows());
	}

	/**
	 * The regions of a country as JSON: GET country, its id; answers a list as `places` gives.
	 */
	public function regions(): void {
		$this->load->model('localisation/country');
		$this->load->model('localisation/zone');
		$country = $this->model_localisation_country->getCountry((int)$this->get('country'));
		$in = 'country = ' . CustomerFilter::quoted(Text::plain($country['iso_code_2'] ?? ''));
		$this->json($country ? $this->places($this->model_localisation_zone->getZonesByCountryId((int)$country['country_id']), $in . ' and zone = ', 'code') : []);
	}

	/**
	 * What a command about many customers would change: POST {command, target, customers or selection}
	 * as JSON; answers {customers, changed, cap}, or {error}.
	 */
	public function preview(): void {
		$body = (string)file_get_contents('php://input', false, null, 0, self::LONGEST);
		$asked = json_decode($body, true);
		$command = $asked['command'] ?? '';
		$target = $asked['target'] ?? '';
		$ids = $asked['customers'] ?? [];
		$selection = $asked['selection'] ?? 0;

		if (!in_array($command, Bulk::COMMANDS, true) || !is_string($target) || !is_array($ids) || !is_int($selection) || array_filter($ids, 'is_int') !== $ids) {
			$this->json(['error' => $this->words()['error_request']]);

			return;
		}

		$bulk = new Bulk($this->database(), $this->names());
		$this->json($bulk->count($command, $target, $ids, $selection) + ['cap' => $bulk->cap()]);
	}

	/**
	 * What the URL says, as for `list`; only what says something.
	 *
	 * @return array<string, string>
	 */
	private function asked(): array {
		$asked = [];

		foreach (array_merge(CustomerFilter::KEYS, ['sort', 'order', 'page']) as $key) {
			$asked[$key] = $this->get($key);
		}

		return array_filter($asked, 'strlen');
	}

	/** A page of the list as HTML. */
	private function rows(): string {
		$asked = $this->asked();
		$sort = isset(CustomerQuery::SORTS[$asked['sort'] ?? '']) ? $asked['sort'] : 'registered';
		$order = $asked['order'] ?? ($sort === 'name' ? 'asc' : 'desc');
		$order = $order === 'asc' ? 'asc' : 'desc';
		$page = min(max((int)($asked['page'] ?? 1), 1), 1000000);
		$limit = max((int)$this->config->get('config_pagination_admin'), 10);
		$filter = new CustomerFilter($asked, $this->names());
		$query = $filter->query();
		$selections = array_map([new Selection($this->database()), 'find'], $filter->selections);
		$list = new CustomerList($this->database(), $this->names(), $filter);
		$found = $list->page($sort, $order === 'desc', ($page - 1) * $limit, $limit);
		$total = $found['total'];
		$rows = $list->rows($found['ids']);
		$sorts = [];

		foreach (array_keys(CustomerQuery::SORTS) as $name) {
			$turned = $name === $sort ? ($order === 'asc' ? 'desc' : 'asc') : ($name === 'name' ? 'asc' : 'desc');
			$sorts[$name] = ['href' => $this->here('list', $query + ['sort' => $name, 'order' => $turned]), 'class' => $name === $sort ? $order : ''];
		}

		$kept = $query + ['sort' => $sort, 'order' => $order];
		$first = $total ? ($page - 1) * $limit + 1 : 0;
		$words = $this->words();

		return $this->view('customers_rows', [
			'customers'  => array_map([$this, 'shownRow'], $rows),
			'sorts'      => $sorts,
			'query'      => (object)$query,
			'url'        => $this->here('', $kept + ['page' => $page > 1 ? $page : '']),
			'expression' => $filter->expression(array_map(static function (?array $selection): string {
				return $selection['expression'] ?? '';
			}, $selections)),
			'total'      => $total,
			'counted'    => ($found['more'] ? $words['text_more_than'] . ' ' : '') . $this->number($total),
			'selections' => $selections,
			'pagination' => $this->pagination($total, $page, $limit, $this->here('list', $kept + ['page' => '{page}'])),
			'results'    => sprintf($words[$found['more'] ? 'text_results_more' : 'text_results'], $this->number($first), $this->number(max($first, ($page - 1) * $limit + count($rows))), $this->number($total))
		]);
	}

	/**
	 * The store's countries, as `places` gives them.
	 *
	 * @return list<array{id: int, name: string, expression: string}>
	 */
	private function countries(): array {
		$this->load->model('localisation/country');

		return $this->places($this->model_localisation_country->getCountries(), 'country = ', 'iso_code_2');
	}

	/**
	 * Countries or regions, each with the expression that finds who lives there; those without a code are left out.
	 *
	 * @param list<array<string, ?string>> $rows   of OpenCart's models
	 * @param string                       $is     the expression up to the code
	 * @param string                       $column of the code
	 *
	 * @return list<array{id: int, name: string, expression: string}>
	 */
	private function places(array $rows, string $is, string $column): array {
		$places = [];

		foreach ($rows as $row) {
			if ((string)$row[$column] !== '') {
				$places[] = ['id' => (int)$row['country_id'], 'name' => Text::plain($row['name']), 'expression' => $is . CustomerFilter::quoted(Text::plain($row[$column]))];
			}
		}

		return $places;
	}

	/**
	 * A customer of the list for people.
	 *
	 * @param array<string, mixed> $row of CustomerList::rows
	 *
	 * @return array<string, mixed>
	 */
	private function shownRow(array $row): array {
		$id = ['customer_id' => $row['customer_id']];
		$name = trim($row['first_name'] . ' ' . $row['last_name']);

		return [
			'name'       => $name !== '' ? $name : '#' . $row['customer_id'],
			'spent'      => $this->money($row['spent']),
			'orders'     => $this->number($row['orders']),
			'last'       => $this->shown()->instant($row['last'], true),
			'registered' => $this->shown()->instant($row['registered'], true),
			'tags'       => array_map(function (array $tag): array {
				return ['name' => $tag['name'], 'style' => BadgeHtml::style($tag['colour'])];
			}, $row['tags']),
			'info'       => $this->here('info', $id),
			'form'       => $this->user->hasPermission('access', 'customer/customer') ? $this->link('customer/customer.form', $id) : ''
		] + $row;
	}
}
