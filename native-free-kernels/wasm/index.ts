export * from './materialise';
export * from './select';
