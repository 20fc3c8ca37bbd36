<?php
$_['heading_title'] = 'OpenCart Sidecar';
$_['text_extensions'] = 'Erweiterungen';
$_['text_what'] = 'Zeigt, was der Sidecar, ein Programm auf dem Server des Shops, über Ihre Kunden weiß: Tags, Gruppen, Segmente und was dazu geführt hat. Die Seiten finden Sie unter Kunden > Sidecar.';
$_['text_version'] = 'Version der Erweiterung';
$_['text_daemon'] = 'Der Sidecar';
$_['text_running'] = 'Er läuft, Version %s.';
$_['text_pages'] = 'Seiten';
$_['text_rights'] = 'Wer eine Seite sehen und wer dort etwas ändern darf, stellen Sie bei den Benutzergruppen unter System > Benutzer ein: je Seite ein Recht.';
$_['text_leave'] = 'Beim Deinstallieren verschwinden diese Seiten und die Rechte daran. Was der Sidecar weiß, bleibt in seinen eigenen Tabellen.';
$_['button_back'] = 'Zurück';
