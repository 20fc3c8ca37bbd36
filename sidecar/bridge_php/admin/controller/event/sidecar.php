<?php
namespace Opencart\Admin\Controller\Extension\Sidecar\Event;

use Opencart\System\Library\Extension\Sidecar\Bridge;
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
