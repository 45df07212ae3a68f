CREATE TABLE `device_trees` (
	`device` text PRIMARY KEY NOT NULL,
	`tree` text NOT NULL,
	`has_orders` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `device_trees_with_orders` ON `device_trees` (`device`) WHERE has_orders = 1;