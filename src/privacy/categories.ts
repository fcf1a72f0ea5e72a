/** What can be taken out of what leaves, beside secrets. */

export const CATEGORIES = ["addresses", "hosts", "users"] as const;

export type Category = (typeof CATEGORIES)[number];
