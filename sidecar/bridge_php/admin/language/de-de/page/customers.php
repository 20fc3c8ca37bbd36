<?php
$_['heading_title'] = 'Kunden';

// The list
$_['text_list'] = 'Kundenliste';
$_['text_nobody'] = 'Keine passenden Kunden.';
$_['text_tick_page'] = 'Alle auf dieser Seite auswählen';
$_['text_results'] = 'Zeige %s bis %s von %s';
$_['text_results_more'] = 'Zeige %s bis %s von mehr als %s';
$_['text_more_than'] = 'mehr als';
$_['text_selection_over'] = 'Was ein Ausdruck findet, wird eine Stunde aufbewahrt. Sie ist vorbei:';
$_['text_selection_gone'] = 'Diese Suche gibt es nicht. Vielleicht ist der Link alt.';
$_['column_group'] = 'Gruppe';
$_['column_orders'] = 'Bestellungen';
$_['column_spent'] = 'Umsatz';
$_['column_last'] = 'Letzte Bestellung';
$_['column_registered'] = 'Registriert';
$_['column_action'] = 'Aktion';
$_['button_view'] = 'Ansehen';
$_['button_edit'] = 'Im Shop bearbeiten';
$_['list_restricted'] = 'Eingeschränkt';
$_['list_no_profiling'] = 'Kein Profiling';
$_['list_no_marketing'] = 'Keine Werbung';

// Segments beside it
$_['quick_all'] = 'Alle';
$_['quick_active_accounts'] = 'Aktiv';
$_['quick_inactive'] = 'Inaktiv';
$_['quick_high_value'] = 'VIP';
$_['quick_new'] = 'Neu';
$_['quick_wholesale'] = 'Großhandel';
$_['quick_more'] = 'Weitere Segmente';

// Filters
$_['text_filter'] = 'Filter';
$_['text_from'] = 'Von';
$_['text_to'] = 'Bis';
$_['entry_search'] = 'Suche';
$_['help_search'] = 'Anfang von Name, E-Mail-Adresse oder Telefonnummer';
$_['entry_segment'] = 'Segment';
$_['entry_tags_all'] = 'Hat alle diese Tags';
$_['entry_tags_any'] = 'Hat mindestens einen dieser Tags';
$_['entry_tags_none'] = 'Hat keinen dieser Tags';
$_['entry_spent'] = 'Umsatz';
$_['entry_orders'] = 'Anzahl Bestellungen';
$_['entry_last'] = 'Letzte Bestellung';
$_['entry_registered'] = 'Registriert';
$_['entry_country'] = 'Land';
$_['entry_region'] = 'Region';
$_['help_region'] = 'Der Standardadresse. Ohne Adresse zählt als Land das der letzten Bestellung.';
$_['entry_status'] = 'Status';
$_['button_filter'] = 'Filtern';
$_['button_reset'] = 'Alle Filter löschen';

// Expressions
$_['entry_expression'] = 'Ausdruck';
$_['help_expression'] = 'Ausdruck, z. B. country = "DE" and orders >= 3';
$_['text_as_expression'] = 'Diese Filter als Ausdruck';
$_['button_search'] = 'Finden';
$_['button_again'] = 'Erneut suchen';
$_['button_clear'] = 'Löschen';
$_['js_found'] = 'Gefundene Kunden: %s';

// Many at once
$_['entry_action'] = 'Aktion';
$_['action_tag_add'] = 'Tag vergeben';
$_['action_tag_remove'] = 'Tag entfernen';
$_['action_group_set'] = 'Kundengruppe setzen';
$_['action_group_auto'] = 'Gruppe wieder automatisch';
$_['button_choose_none'] = 'Auswahl aufheben';
$_['button_preview'] = 'Vorschau';
$_['button_carry_out'] = 'Ausführen';
$_['button_leave'] = 'Abbrechen';
$_['js_chosen'] = 'Ausgewählt: %s';
$_['js_all'] = 'Alle passenden auswählen (%s)';
$_['js_nobody'] = 'Haken Sie Kunden an oder wählen Sie alle passenden aus, um viele auf einmal zu ändern.';
$_['js_changes'] = '%s von %s Kunden würden sich ändern.';
$_['js_changed'] = 'Erledigt. Betrachtete Kunden: %s, geändert: %s.';
$_['js_created'] = 'Ein neuer Tag wurde angelegt.';
$_['js_aside'] = 'Kunden, die nicht verarbeitet werden konnten: %s.';
$_['js_run'] = 'Lauf ansehen und rückgängig machen';
$_['js_number'] = 'Das sind mehr, als Sidecar ungefragt ändert. Geben Sie zur Bestätigung die Zahl der Kunden ein (%s):';
$_['js_target'] = 'Geben Sie einen Tag an.';
$_['js_reason'] = 'Geben Sie einen Grund an; er wird aufbewahrt.';
$_['js_unsayable'] = 'Alle passenden können hier nicht ausgewählt werden: Der Filter nennt etwas, das es nicht mehr gibt.';
