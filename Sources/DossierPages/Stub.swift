enum DossierPagesStub {}
