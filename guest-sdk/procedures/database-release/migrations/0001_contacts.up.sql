-- A table for the addresses alone, so that who may read orders need not read them.
CREATE TABLE contacts (order_id INTEGER PRIMARY KEY, email VARCHAR(200) NOT NULL);
