"""What is kept, as SQLAlchemy tables and the questions asked of them, apart from the actions that change it.

``database`` opens the engine and its transactions; every other module holds the tables of one subject.
"""
