<?php
// Of every page
$_['heading_title'] = 'Sidecar';
$_['menu_sidecar'] = 'Sidecar';
$_['menu_customers'] = 'Kunden';
$_['menu_rules'] = 'Segmente und Regeln';
$_['menu_loyalty'] = 'Treueprogramm';
$_['menu_gdpr'] = 'Datenschutz';
$_['menu_reports'] = 'Berichte';
$_['menu_activity'] = 'Verlauf';
$_['menu_status'] = 'Zustand';
$_['text_home'] = 'Start';

// When nobody carries out what is asked for
$_['daemon_tables'] = 'Die Tabellen des Sidecar fehlen. Auf dem Server ausführen: sidecar migrate';
$_['daemon_older'] = 'Die Tabellen des Sidecar sind älter als diese Erweiterung. Auf dem Server den Sidecar aktualisieren und ausführen: sidecar migrate';
$_['daemon_never'] = 'Der Sidecar ist noch nie gelaufen. Auf dem Server starten: systemctl start opencart-sidecar';
$_['daemon_silent'] = 'Der Sidecar läuft nicht; zuletzt gesehen um %s. Zu sehen ist der Stand von damals, und Aufträge warten, bis er wieder läuft.';
$_['daemon_busy'] = 'Der Sidecar läuft nicht als Dienst; gerade erledigt ein Befehl auf dem Server seine Arbeit.';
$_['daemon_paused'] = 'Pausiert: Bis jemand fortsetzt, wird nichts in den Shop geschrieben.';

// Said by scripts
$_['js_working'] = 'In Arbeit …';
$_['js_waits'] = 'Wartet auf den Sidecar …';
$_['js_done'] = 'Erledigt.';
$_['js_approval'] = 'Das wartet auf Freigabe, unter „Verlauf“.';
$_['js_failed'] = 'Es wurde nicht ausgeführt:';
$_['js_lost'] = 'Der Server hat nicht geantwortet. Bitte erneut versuchen.';
$_['js_slow'] = 'Es dauert länger als sonst. Es läuft auch weiter, wenn Sie die Seite verlassen.';
$_['js_login'] = 'Sie sind nicht mehr angemeldet. Bitte die Seite neu laden.';
$_['js_idle'] = 'Der Sidecar errechnet dies, sobald er wieder läuft.';
$_['js_close'] = 'Schließen';

// Errors
$_['error_permission'] = 'Dazu haben Sie kein Recht.';
$_['error_request'] = 'Die Anfrage war nicht lesbar. Bitte die Seite neu laden und erneut versuchen.';
$_['error_command'] = 'Einen solchen Auftrag von Ihnen gibt es nicht.';
$_['text_no_tables'] = 'Es gibt nichts zu sehen, bis die Tabellen des Sidecar da sind.';
