<?php
$_['heading_title'] = 'Zustand';
