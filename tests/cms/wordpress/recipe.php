<?php
// A plugin for the tests: an application password, in wp-content/token, and addresses under /wp-json.
add_action('init', function () {
    if (get_option('recipe_is_set_up')) {
        return;
    }
    update_option('permalink_structure', '/%postname%/');
    [$password] = WP_Application_Passwords::create_new_application_password(1, ['name' => 'recipe']);
    file_put_contents(WP_CONTENT_DIR . '/token', $password);
    update_option('recipe_is_set_up', '1');
});
