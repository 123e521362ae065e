export * from './select';
export * from './columns';
export * from './gather';
export * from './compare';
export * from './logic';
export * from './arithmetic';
export * from './float';
export * from './probe';
