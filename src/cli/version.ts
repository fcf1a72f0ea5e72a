/** The version that `ktriage --version` prints. */
export const VERSION = "0.1.0";
