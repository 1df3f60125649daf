INSERT INTO contacts (order_id, email) SELECT id, email FROM orders WHERE email IS NOT NULL;
INSERT INTO releases (id, moved) SELECT 'contacts', count(*) FROM contacts;
