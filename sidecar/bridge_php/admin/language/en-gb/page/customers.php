<?php
$_['heading_title'] = 'Customers';
