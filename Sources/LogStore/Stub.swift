enum LogStoreStub {}
