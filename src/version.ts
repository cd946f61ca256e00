/** The version of operator, CLI and image; a test holds it to package.json and the chart. */
export const version = "0.1.0";
