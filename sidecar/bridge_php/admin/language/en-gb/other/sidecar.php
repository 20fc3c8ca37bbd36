<?php
$_['heading_title'] = 'OpenCart Sidecar';
$_['text_extensions'] = 'Extensions';
$_['text_what'] = 'Shows what the sidecar, a program on the store\'s server, knows about your customers: tags, groups, segments and what led to them. You find its pages under Customers > Sidecar.';
$_['text_version'] = 'Version of the bridge';
$_['text_daemon'] = 'The sidecar';
$_['text_running'] = 'It is running, version %s.';
$_['text_pages'] = 'Pages';
$_['text_rights'] = 'Who may see a page, and who may act on it, is set under System > Users > User Groups: one right for each page.';
$_['text_leave'] = 'Uninstalling takes these pages and the rights to them away. What the sidecar knows stays in its own tables.';
$_['button_back'] = 'Back';
