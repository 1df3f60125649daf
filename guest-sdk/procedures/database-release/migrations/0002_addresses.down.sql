DELETE FROM releases WHERE id = 'contacts';
DELETE FROM contacts WHERE order_id IN (SELECT id FROM orders);
