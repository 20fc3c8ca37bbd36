<?php
namespace Opencart\Admin\Controller\Extension\Sidecar\Dashboard;

use Opencart\System\Library\Extension\Sidecar\Bridge;
use Opencart\System\Library\Extension\Sidecar\Daemon;
use Opencart\System\Library\Extension\Sidecar\Database;
use Opencart\System\Library\Extension\Sidecar\Overview;
use Opencart\System\Library\Extension\Sidecar\Text;

/**
 * The sidecar on the dashboard; index and save are its settings, as every widget has them.
 *
 * @property \Opencart\System\Library\DB                $db
 * @property \Opencart\System\Engine\Loader             $load
 * @property \Opencart\System\Engine\Config             $config
 * @property \Opencart\System\Library\Document          $document
 * @property \Opencart\System\Library\Language          $language
 * @property \Opencart\System\Library\Request           $request
 * @property \Opencart\System\Library\Response          $response
 * @property \Opencart\System\Library\Session           $session
 * @property \Opencart\System\Library\Url               $url
 * @property \Opencart\System\Library\Cart\User         $user
 * @property \Opencart\Admin\Model\Setting\Setting      $model_setting_setting
 */
class Sidecar extends \Opencart\System\Engine\Controller {
	private const ROUTE = 'extension/sidecar/dashboard/sidecar';

	/** The settings: width, place and whether it is shown. */
	public function index(): void {
		$words = $this->words();
		$this->document->setTitle($words['heading_title']);
		$data = [
			't'           => $words,
			'breadcrumbs' => [
				$words['text_home']      => $this->link('common/dashboard'),
				$words['text_extension'] => $this->link('marketplace/extension', '&type=dashboard'),
				$words['heading_title']  => $this->link(self::ROUTE)
			],
			'save'        => $this->link(self::ROUTE . '.save'),
			'back'        => $this->link('marketplace/extension', '&type=dashboard'),
			'columns'     => range(3, 12),
			'header'      => $this->load->controller('common/header'),
			'column_left' => $this->load->controller('common/column_left'),
			'footer'      => $this->load->controller('common/footer')
		];

		foreach (['width', 'status', 'sort_order'] as $setting) {
			$data[$setting] = (string)$this->config->get('dashboard_sidecar_' . $setting);
		}

		$this->response->setOutput($this->load->view('extension/sidecar/dashboard/sidecar_form', $data));
	}

	/** Keep the settings. */
	public function save(): void {
		$words = $this->words();

		if (($this->request->server['REQUEST_METHOD'] ?? '') !== 'POST' || !$this->user->hasPermission('modify', self::ROUTE)) {
			$json = ['error' => $words['error_permission']];
		} else {
			$posted = $this->request->post;
			$this->load->model('setting/setting');
			$this->model_setting_setting->editSetting('dashboard_sidecar', [
				'dashboard_sidecar_width'      => max(3, min(12, (int)($posted['dashboard_sidecar_width'] ?? 12))),
				'dashboard_sidecar_status'     => (int)(bool)($posted['dashboard_sidecar_status'] ?? 0),
				'dashboard_sidecar_sort_order' => (int)($posted['dashboard_sidecar_sort_order'] ?? 0)
			]);
			$json = ['success' => $words['text_success']];
		}

		$this->response->addHeader('Content-Type: application/json');
		$this->response->setOutput((string)json_encode($json));
	}

	/** The widget as HTML; the dashboard matters more than it. */
	public function dashboard(): string {
		try {
			return $this->user->hasPermission('access', self::ROUTE) ? $this->widget() : '';
		} catch (\Throwable $e) {
			return '';
		}
	}

	private function widget(): string {
		$database = new Database($this->db, DB_PREFIX);
		$daemon = (new Daemon($database))->state();
		$data = ['t' => $this->words(), 'daemon' => $daemon, 'href' => [], 'entered' => null, 'more' => false, 'at_risk' => null, 'decide' => null, 'is_narrow' => (int)$this->config->get('dashboard_sidecar_width') <= 6];

		foreach (Bridge::MENU as $page) {
			$data['href'][$page] = $this->maySee($page) ? $this->link(Bridge::route($page)) : '';
		}

		if (!in_array($daemon['state'], ['tables', 'older'], true)) {
			$overview = new Overview($database);

			if ($this->maySee('customers')) {
				[$entered, $data['more']] = $overview->entered();
				$data['entered'] = $this->linked($entered);
				$data['at_risk'] = $this->linked($overview->atRisk());
			}

			if ($this->maySee('activity')) {
				$data['decide'] = $overview->toDecide();
			}
		}

		return $this->load->view('extension/sidecar/dashboard/sidecar_info', $data);
	}

	/**
	 * Segments with where their customers are listed, and numbers for people.
	 *
	 * @param list<array<string, ?string>> $segments
	 *
	 * @return list<array<string, ?string>>
	 */
	private function linked(array $segments): array {
		foreach ($segments as &$segment) {
			$segment['href'] = $this->link(Bridge::route('customers'), '&segment=' . (int)$segment['segment_id']);

			foreach (['customers', 'entered'] as $number) {
				if (isset($segment[$number])) {
					$segment[$number] = number_format((int)$segment[$number], 0, $this->language->get('decimal_point'), $this->language->get('thousand_point'));
				}
			}
		}

		return $segments;
	}

	private function maySee(string $page): bool {
		return $this->user->hasPermission('access', Bridge::route($page));
	}

	private function link(string $route, string $more = ''): string {
		return $this->url->link($route, 'user_token=' . $this->session->data['user_token'] . $more, true);
	}

	/**
	 * The texts in the person's language, by name.
	 *
	 * @return array<string, string>
	 */
	private function words(): array {
		$words = [];

		foreach (['sidecar', 'dashboard/sidecar'] as $file) {
			$this->load->language('extension/sidecar/' . $file, 'sidecar_dashboard');
		}

		foreach ($this->language->all() as $name => $text) {
			if (strpos((string)$name, 'sidecar_dashboard_') === 0) {
				$words[substr($name, 18)] = $text;
			}
		}

		return Text::formats([$this->language, 'get']) + $words;
	}
}
