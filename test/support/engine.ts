import * as millrace from 'millrace';

/** The public API exports nothing yet: tests that need it are skipped until it does. */
export const hasEngine: boolean = Object.keys(millrace).length > 0;
