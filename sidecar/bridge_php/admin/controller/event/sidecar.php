<?php
namespace Opencart\Admin\Controller\Extension\Sidecar\Event;

use Opencart\System\Library\Extension\Sidecar\BadgeHtml;
use Opencart\System\Library\Extension\Sidecar\Badges;
use Opencart\System\Library\Extension\Sidecar\Bridge;
use Opencart\System\Library\Extension\Sidecar\Daemon;
use Opencart\System\Library\Extension\Sidecar\Database;
use Opencart\System\Library\Extension\Sidecar\Hints;
use Opencart\System\Library\Extension\Sidecar\Text;

/**
 * What the bridge adds to the admin's own pages.
 *
 * No handler returns anything, and none lets an exception out: either would take the page away.
 * Their names begin with an underscore, so that no URL reaches them in OpenCart 4.1.
 *
 * @property \Opencart\System\Library\DB        $db
 * @property \Opencart\System\Engine\Loader     $load
 * @property \Opencart\System\Library\Language  $language
 * @property \Opencart\System\Library\Session   $session
 * @property \Opencart\System\Library\Url       $url
 * @property \Opencart\System\Library\Cart\User $user
 */
class Sidecar extends \Opencart\System\Engine\Controller {
	/**
	 * Our pages under Customers.
	 *
	 * @param array<string, mixed> $data
	 */
	public function _menu(string &$route, array &$data): void {
		try {
			$this->load->language('extension/sidecar/sidecar', 'sidecar');
			$pages = [];

			foreach (Bridge::MENU as $page) {
				if ($this->user->hasPermission('access', Bridge::route($page))) {
					$pages[] = [
						'name'     => htmlspecialchars($this->language->get('sidecar_menu_' . $page), ENT_QUOTES, 'UTF-8'),
						'href'     => $this->url->link(Bridge::route($page), 'user_token=' . $this->session->data['user_token']),
						'children' => []
					];
				}
			}

			foreach ($data['menus'] ?? [] as $place => $menu) {
				if ($pages && $menu['id'] === 'menu-customer') {
					$data['menus'][$place]['children'][] = [
						'name'     => htmlspecialchars($this->language->get('sidecar_menu_sidecar'), ENT_QUOTES, 'UTF-8'),
						'href'     => '',
						'children' => $pages
					];
				}
			}
		} catch (\Throwable $e) {
			// The page matters more than our part of it.
		}
	}

	/**
	 * Tags and tier beside the names in the store's list of customers.
	 *
	 * @param array<string, mixed> $data
	 */
	public function _badges(string &$route, array &$data): void {
		try {
			if (empty($data['customers']) || !$this->user->hasPermission('access', Bridge::route('customers'))) {
				return;
			}

			$badges = (new Badges(new Database($this->db, DB_PREFIX)))->of(array_map('intval', array_column($data['customers'], 'customer_id')));

			foreach ($data['customers'] as $place => $customer) {
				$found = $badges[(int)$customer['customer_id']] ?? null;

				if ($found) {
					$data['customers'][$place]['name'] .= BadgeHtml::of($found['tags'], $found['tier']);
				}
			}
		} catch (\Throwable $e) {
			// E.g. our tables are not there.
		}
	}

	/**
	 * A tab of ours in the store's form of a customer; what is in it is asked for when it opens.
	 *
	 * @param array<string, mixed> $data
	 */
	public function _tab(string &$route, array &$data, &$output): void {
		try {
			$customer_id = (int)($data['customer_id'] ?? 0);
			$page = Bridge::route('customers');

			if (!$customer_id || !$this->user->hasPermission('access', $page)) {
				return;
			}

			$words = [];

			foreach (['sidecar', 'page/customer'] as $file) {
				$this->load->language('extension/sidecar/' . $file, 'sidecar');
			}

			foreach ($this->language->all() as $name => $text) {
				if (strpos((string)$name, 'sidecar_') === 0) {
					$words[substr($name, 8)] = $text;
				}
			}

			$token = 'user_token=' . $this->session->data['user_token'];
			$files = HTTP_CATALOG . 'extension/sidecar/admin/view/';
			$version = '?v=' . rawurlencode(Bridge::VERSION);
			$pane = $this->load->view('extension/sidecar/page/customer_tab', [
				'ask'     => $this->url->link($page . '.ask', $token, true),
				'answer'  => $this->url->link($page . '.answer', $token, true),
				'panel'   => $this->url->link($page . '.tab', $token . '&customer_id=' . $customer_id, true),
				'may_act' => $this->user->hasPermission('modify', $page),
				'daemon'  => (new Daemon(new Database($this->db, DB_PREFIX)))->state()['state'],
				'said'    => Bridge::said($words),
				'style'   => $files . 'stylesheet/sidecar.css' . $version,
				'scripts' => [$files . 'javascript/sidecar.js' . $version, $files . 'javascript/chart.js' . $version]
			]);
			$link = '<li class="nav-item"><a href="#tab-sidecar" data-bs-toggle="tab" class="nav-link">' . htmlspecialchars($words['tab_sidecar'], ENT_QUOTES, 'UTF-8') . '</a></li>';
			$tabs = strpos((string)$output, 'href="#tab-general"');
			$end = $tabs === false ? false : strpos($output, '</ul>', $tabs);
			$panes = $end === false ? false : strpos($output, '<div class="tab-content">', $end);

			if ($panes !== false) {
				$panes += strlen('<div class="tab-content">');
				$output = substr($output, 0, $end) . $link . substr($output, $end, $panes - $end) . $pane . substr($output, $panes);
			}
		} catch (\Throwable $e) {
			// The form matters more than our tab.
		}
	}

	/**
	 * Tell the daemon of a customer whom a method of the admin's models changed.
	 *
	 * @param array<int, mixed> $args
	 * @param mixed             $output
	 */
	public function _hint(string &$route, array &$args, &$output = null): void {
		try {
			(new Hints(new Database($this->db, DB_PREFIX)))->tell(Hints::ADMIN, $route, $args, $output, 0, 'admin:' . Text::plain($this->user->getUserName()));
		} catch (\Throwable $e) {
			// E.g. our tables are not there. What was saved is saved, and is found without a hint.
		}
	}
}
