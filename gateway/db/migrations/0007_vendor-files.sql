CREATE TABLE `vendor_files` (
	`revision` text PRIMARY KEY NOT NULL,
	`url` text NOT NULL,
	`bytes` integer,
	`filled_bytes` integer NOT NULL,
	`validator` text,
	`sha256` text,
	`problem` text
);
