<?php
$_['heading_title'] = 'Zustand';

// How it is
$_['text_state'] = 'Zustand';
$_['text_daemon'] = 'Sidecar';
$_['state_running'] = 'Läuft';
$_['state_busy'] = 'Ein Befehl erledigt die Arbeit';
$_['state_silent'] = 'Läuft nicht';
$_['state_never'] = 'Ist noch nie gelaufen';
$_['text_running'] = 'seit %s, Prozess %s, %s MB';
$_['text_seen'] = 'zuletzt gesehen am %s';
$_['text_hangs'] = 'Er meldet sich seit %s nicht mehr: Er hängt, oder die Uhr des Servers geht falsch.';
$_['text_changes'] = 'Änderungen im Shop';
$_['text_lag'] = 'Rückstand %s s';
$_['text_no_log'] = 'Nicht über das Binärlog: %s';
$_['text_gaps'] = 'Lücken im Log: %s. Alle Kunden wurden neu angesehen.';
$_['text_unannounced'] = 'Kunden, die sich änderten, ohne dass das Log es meldete: %s';
$_['text_full_pass'] = 'Letzter Durchlauf';
$_['text_not_yet'] = 'noch keiner';
$_['text_wanted'] = 'ein weiterer ist angefordert';
$_['text_queues'] = 'Noch zu erledigen';
$_['text_queued'] = '%s Aufträge, %s Hinweise, %s fällige Kunden';
$_['text_decide'] = 'Braucht einen Menschen';
$_['text_waiting'] = 'Läufe, die auf Freigabe warten: %s';
$_['text_held'] = 'Angehaltene Regeln: %s';
$_['text_requests'] = 'Anfragen zu persönlichen Daten: %s, die erste fällig am %s';
$_['text_nothing'] = 'nichts';
$_['text_files'] = 'Dateien';
$_['text_reload'] = 'Die Einstellungen oder Regeln in den Dateien sind unbrauchbar; es gelten die alten.';
$_['text_errors'] = 'Letzte Fehler';
$_['mode_binlog'] = 'bemerkt über das Binärlog';
$_['mode_poll'] = 'bemerkt durch Nachfragen';

// What it does now
$_['doing_starting'] = 'startet';
$_['doing_waiting'] = 'wartet auf Arbeit';
$_['doing_commands'] = 'führt einen Auftrag aus';
$_['doing_hints'] = 'sieht Kunden an, die der Shop genannt hat';
$_['doing_log'] = 'liest das Binärlog';
$_['doing_poll'] = 'sucht nach Änderungen';
$_['doing_due'] = 'sieht fällige Kunden an';
$_['doing_full_pass'] = 'sieht alle Kunden an';
$_['doing_privacy'] = 'bearbeitet Anfragen zu persönlichen Daten';
$_['doing_upkeep'] = 'räumt seine Tabellen auf';

// Versions
$_['text_versions'] = 'Versionen';
$_['text_sidecar'] = 'Sidecar';
$_['text_bridge'] = 'Diese Erweiterung';
$_['text_tables'] = 'Tabellen';
$_['text_unknown'] = 'noch nicht bekannt';
$_['text_missing'] = 'nicht vorhanden';
$_['fit_fit'] = 'Sie passen zusammen.';
$_['fit_newer'] = 'Die Tabellen sind neuer als diese Erweiterung. Sie funktioniert; für alle Funktionen die Erweiterung der Version des Sidecar installieren: sidecar bridge install';
$_['fit_apart'] = 'Sidecar und Erweiterung haben verschiedene Versionen. Installieren Sie die Erweiterung, die zum Sidecar gehört: sidecar bridge install';
$_['fit_older'] = 'Diese Erweiterung braucht die Tabellen der Version %s. Auf dem Server den Sidecar aktualisieren und ausführen: sidecar migrate';
$_['fit_tables'] = 'Die Tabellen fehlen. Auf dem Server ausführen: sidecar migrate';

// Findings
$_['text_findings'] = 'Bitte ansehen';
$_['text_aside'] = 'Zurückgestellte Kunden: %s';
$_['help_aside'] = 'Ihre Daten ließen sich nicht verarbeiten. Sie behalten, was sie hatten, und werden bei jedem Durchlauf erneut versucht.';
$_['column_finding'] = 'Was';
$_['column_since'] = 'Seit';
$_['column_last'] = 'Zuletzt';
$_['column_times'] = 'Anzahl';
$_['column_customer'] = 'Kunde';
$_['column_error'] = 'Was nicht stimmt';

// Acting
$_['text_acting'] = 'Pausieren und ansehen';
$_['help_pause'] = 'Solange der Sidecar pausiert, wird nichts in die Tabellen des Shops geschrieben, etwa Kundengruppen und Punkte. Tags, Segmente und Fakten laufen weiter.';
$_['entry_reason'] = 'Grund (für alle sichtbar)';
$_['button_pause'] = 'Pausieren';
$_['button_resume'] = 'Fortsetzen';
$_['text_paused'] = 'Pausiert.';
$_['text_paused_by'] = 'Pausiert von %s, %s.';
$_['text_resumed'] = 'Die Pause ist vorbei. Der nächste Durchlauf schreibt, was fällig ist.';
$_['text_look'] = 'Alle Kunden werden einmal am Tag angesehen. Das brauchen Sie nur, wenn Sie nicht darauf warten möchten.';
$_['button_look'] = 'Jetzt alle ansehen';
$_['text_looked'] = 'Alle Kunden wurden angesehen.';

// Size
$_['text_size'] = 'Größe in der Datenbank';
$_['text_total'] = 'Alle Tabellen des Sidecar';
$_['column_table'] = 'Tabelle';
$_['column_rows'] = 'Zeilen, etwa';
$_['column_megabytes'] = 'MB';

// Doctor
$_['text_doctor'] = 'Untersuchung';
$_['help_doctor'] = 'Prüft die Datenbank, ihre Rechte und Indizes, die Einstellungen, die Regeln, die Version des Shops und mehr, und sagt, wie sich Mängel beheben lassen. Das dauert einige Sekunden und ändert nichts.';
$_['button_doctor'] = 'Alles prüfen';
$_['doctor_errors'] = 'Fehler';
$_['doctor_warnings'] = 'Warnungen';
$_['doctor_notes'] = 'Hinweise';
$_['doctor_well'] = 'in Ordnung';
$_['doctor_all_well'] = 'Was in Ordnung ist';
$_['column_check'] = 'Prüfung';
$_['column_found'] = 'Befund';
